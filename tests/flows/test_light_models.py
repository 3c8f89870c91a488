"""A small model through the whole flow: made, chosen, shown, registered, and made again."""

import json

import numpy as np
import pandas as pd
import pytest

from espalier.flows.retrain_flow import retrain
from espalier.flows.train_flow import train
from espalier.flows.training.reproduction import verify_model
from espalier.infra.registry.model_files import load
from espalier.infra.registry.registry import resolve
from espalier.infra.settings import load_settings
from espalier.infra.tracking.artifacts import read_json_file
from espalier.infra.tracking.trial_reader import read_trials
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.reproduction import Agreement
from espalier.pipelines.requests.retrain import RetrainRequest

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

FORM = {
    "target": "bought",
    "trials": 4,
    "families": "lightgbm,random_forest",
    "workers": 1,
    "name": "light",
    "folds": 3,
    "objectives": "score,latency,size,operations",
    "prefer": "small",
}


def test_a_small_model_is_chosen_shown_and_registered(flow_home, visits, tmp_path):
    path = tmp_path / "visits.csv"
    visits(300).to_csv(path, index=False)
    report = train({"data": str(path), **FORM})
    assert report.n_trials == 4
    made = [row for row in report.leaderboard if row.variant]
    assert made
    assert {row.trial for row in made}.isdisjoint(range(4))
    (chosen,) = (point for point in report.front if point.chosen)
    assert json.loads(json.dumps(report.to_dict()))["front"]

    settings = load_settings()
    version = resolve("light", settings)
    assert version.tags["prefer"] == "small"
    assert version.tags["objectives"] == "score,latency,size,operations"
    assert chosen.name in version.tags["front"]
    assert len(read_json_file(settings, report.run_id, "front.json")) == len(report.front)
    model = load(version, settings).model
    assert [each.number for each in model.members] == [chosen.trial]
    assert np.isfinite(model.predict_proba(pd.read_csv(path))).all()

    # Experience learns from the trials of configurations, not from their smaller forms.
    assert read_trials(settings, {}).n_runs == 4
    kept = next(row for row in report.leaderboard if row.trial == chosen.trial)
    if not kept.variant.startswith("distilled"):
        assert verify_model("light", settings).agreement is not Agreement.DIFFERENT

    again = retrain(RetrainRequest(name="light", force=True, prefer="score"))
    assert again.training is not None
    assert resolve("light/2", settings).tags["prefer"] == "score"
    assert again.training.front


def test_what_no_model_can_be_is_refused_before_the_search(flow_home, visits, tmp_path):
    path = tmp_path / "visits.csv"
    visits(200).to_csv(path, index=False)
    with pytest.raises(UserError, match="no model can be within 3 operations a row"):
        train({"data": str(path), **FORM, "families": "knn", "max_operations": 3})

"""A model that learns from its hold-out: scored before, and never compared on it afterwards."""

import numpy as np
import pandas as pd
import pytest

from espalier.flows.promote_flow import promote
from espalier.flows.train_flow import train
from espalier.flows.training.reproduction import verify_model
from espalier.infra.registry.model_files import load
from espalier.infra.registry.registry import resolve
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import load_settings
from espalier.infra.tracking.training_rows import read_training_rows
from espalier.pipelines.lifecycle.reproduction import Agreement
from espalier.pipelines.requests.promote import PromoteRequest
from espalier.pipelines.serving.saved_model import load_model

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

FORM = {"target": "bought", "trials": 3, "families": "linear", "workers": 1, "name": "whole"}


def test_a_model_learns_from_its_holdout_after_it_was_scored_on_it(flow_home, visits, tmp_path):
    path = tmp_path / "visits.csv"
    visits(300).to_csv(path, index=False)
    before = train({"data": str(path), **FORM, "name": "part"})
    after = train({"data": str(path), **FORM, "refit_on_all": True})
    assert after.refit_on_all
    assert not before.refit_on_all
    # The score is that of the model that had not seen the rows.
    assert after.holdout_score == before.holdout_score
    settings = load_settings()
    part, whole = (load(resolve(name, settings), settings).model for name in ("part", "whole"))
    table = pd.read_csv(path)
    assert not np.allclose(part.predict_proba(table), whole.predict_proba(table))
    assert [each.number for each in part.members] == [each.number for each in whole.members]

    kept = read_training_rows(settings, after.run_id)
    assert len(kept.trained) == 300
    assert kept.learnt_all
    verified = verify_model("whole", settings)
    assert verified.learnt_all
    assert verified.agreement is not Agreement.DIFFERENT
    assert resolve("whole", settings).tags["refit_on_all"] == "true"

    # The scored model is in its own folder, as it was.
    folder = next(
        each for each in settings.runs_folder.iterdir() if (each / "model_on_all").exists()
    )
    assert RunStore(folder).results()
    scored = load_model(folder / "model").predict_proba(table)
    np.testing.assert_allclose(scored, part.predict_proba(table), rtol=1e-6)

    # A challenger on the same table is not compared on rows that the champion has learnt from.
    train({"data": str(path), **FORM, "seed": 1})
    refused = promote(PromoteRequest(name="whole"))
    assert not refused.promoted
    assert refused.champion == 1
    assert "learnt from its hold-out" in " ".join((*refused.reasons, *refused.noticed))

"""The flow as Prefect itself starts it: parameters from a form, no command line around it."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from prefect.exceptions import ParameterTypeError

from espalier.flows.predict_flow import predict
from espalier.flows.train_flow import train
from espalier.flows.training.reproduction import verify_model
from espalier.infra.registry.model_files import load
from espalier.infra.registry.registry import resolve
from espalier.infra.settings import load_settings
from espalier.infra.tracking.training_rows import read_training_rows
from espalier.pipelines.data.row_keys import row_keys
from espalier.pipelines.lifecycle.reproduction import Agreement

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Stores of their own, and a Prefect server, for the flows of this module."""
    from espalier.infra.orchestration.server import PrefectServer

    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("ESPALIER_HOME", str(home))
        patch.delenv("PREFECT_API_URL", raising=False)
        with PrefectServer(load_settings()).start() as server:
            server.wait()
            from prefect.settings import PREFECT_API_URL, temporary_settings

            from espalier.flows.cli.runs.train import prefect_told

            # What is left to be told when the server is gone is tried for more than a minute.
            with temporary_settings({PREFECT_API_URL: server.url}), prefect_told():
                yield home


@pytest.fixture
def flushed(monkeypatch):
    """What was flushed to the disk."""
    found, fsync = [], os.fsync

    def flush(number):
        found.append(Path(os.readlink(f"/proc/self/fd/{number}")))
        fsync(number)

    monkeypatch.setattr(os, "fsync", flush)
    return found


FORM = {"target": "diagnosis", "trials": 2, "families": "linear", "workers": 1, "name": "form"}


def test_a_form_is_enough(home, tumours, tmp_path):
    report = train({"data": str(tumours), **FORM})
    assert (report.model, report.version, report.alias) == ("form", 1, "champion")
    assert report.n_trials == 2
    out = tmp_path / "out.csv"
    scored = predict({"data": str(tumours), "model": "form", "out": str(out)})
    assert scored.n_rows == len(pd.read_csv(out)) == 200
    kept = read_training_rows(load_settings(), report.run_id)
    assert len(kept.trained) + len(kept.held_out) == 200
    assert set(row_keys(kept.holdout, kept.columns)) == set(kept.held_out)


def test_what_mlflow_shows_of_a_training(home, tumours, flushed):
    import mlflow.data

    report = train({"data": str(tumours), **FORM, "name": "shown", "seed": 3})
    client = MlflowClient(load_settings().mlflow_uri)
    given = client.get_run(report.run_id).inputs.dataset_inputs[0]
    assert len(pd.read_csv(mlflow.data.get_source(given).load())) == 200
    columns = json.loads(given.dataset.schema)["mlflow_colspec"]
    assert {each["name"] for each in columns} == set(pd.read_csv(tumours).columns)
    (model,) = client.search_logged_models(
        [client.get_run(report.run_id).info.experiment_id],
        filter_string=f"source_run_id = '{report.run_id}'",
    )
    measured = {each.key: each.value for each in model.metrics}
    assert measured["holdout_score"] == pytest.approx(report.holdout_score)
    # What Prefect's kept results name was flushed with its folders before they were kept.
    folder = next(
        each for each in flushed if each.name == "model" and each.parent.parent.name == "runs"
    ).parent
    assert {"model.joblib", "golden.joblib", "validation.json", "contract.json", "runs"} <= {
        each.name for each in flushed
    }
    assert {folder, folder.parent} <= set(flushed)


def test_bagged_members_serve_as_their_fold_models(home, tumours):
    form = {"data": str(tumours), **FORM, "name": "bagged", "serving": "bagged"}
    report = train(form)
    model = load(resolve("bagged", load_settings()), load_settings()).model
    assert {(member.of_folds, len(member.candidates)) for member in model.members} == {(True, 5)}
    assert not list(load_settings().runs_folder.glob("*/fold_models"))
    verified = verify_model("bagged", load_settings())
    assert verified.agreement is Agreement.IDENTICAL
    assert verified.holdout_score_now == report.holdout_score


def test_a_form_that_cannot_be_is_refused_before_it_runs(home, tumours):
    with pytest.raises(ParameterTypeError, match="positive"):
        train({"data": str(tumours), **FORM, "time_budget": "-1s"})


def test_a_failure_is_on_record_in_mlflow(home, tumours, monkeypatch):
    import espalier.flows.train_flow

    def broken(*_args, **_options):
        raise RuntimeError("no more")

    monkeypatch.setattr(espalier.flows.train_flow, "build_ensemble", broken)
    with pytest.raises(RuntimeError, match="no more"):
        train({"data": str(tumours), **FORM, "seed": 1})
    client = MlflowClient(f"sqlite:///{home / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("espalier").experiment_id
    failed = client.search_runs([experiment], filter_string="attributes.status = 'FAILED'")
    assert [run.data.tags["error"] for run in failed] == ["RuntimeError: no more"]


def test_the_parameters_are_a_described_form():
    from prefect.utilities.callables import parameter_schema

    schema = parameter_schema(train).model_dump()
    fields = schema["definitions"]["TrainRequest"]["properties"]
    assert set(fields["task"]["enum"]) == {"auto", "binary", "multiclass", "regression"}
    assert all(field["description"] for field in fields.values())


def test_a_table_of_five_groups_makes_a_model(home, tmp_path):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.normal(size=150), "b": rng.normal(size=150)})
    table["shop"] = np.arange(150) % 5
    table["sold"] = 2 * table["a"] + table["shop"] + rng.normal(size=150)
    table.to_csv(tmp_path / "five.csv", index=False)
    form = {"target": "sold", "trials": 3, "families": ["linear", "knn"], "workers": 1}
    report = train(
        {
            "data": str(tmp_path / "five.csv"),
            **form,
            "name": "five",
            "metric": "mae",
            "group_column": "shop",
        }
    )
    # The hold-out is one shop: the score of other shops is anybody's guess.
    assert report.holdout_interval == (0.0, np.inf)
    assert np.isfinite(report.holdout_score)
    assert "no 95 % interval" in report_page(report)


def report_page(report):
    """Return the text of the report's page, as it is kept with the run."""
    client = MlflowClient(load_settings().mlflow_uri)
    path = client.download_artifacts(report.run_id, "report.html")
    return Path(path).read_text()

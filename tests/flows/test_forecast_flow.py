"""A forecast's whole life by the real flows: train, serve, watch, retrain, compare."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from espalier.flows.monitor_flow import monitor
from espalier.flows.predict_flow import predict
from espalier.flows.promote_flow import promote
from espalier.flows.retrain_flow import retrain
from espalier.flows.train_flow import train
from espalier.infra.registry.model_files import open_forecaster
from espalier.infra.registry.registry import resolve
from espalier.infra.settings import load_settings
from espalier.pipelines.errors import UserError

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

H = 7
QUANTILES = ["0.1", "0.5", "0.9"]
FORM = {
    "target": "units",
    "time_column": "day",
    "series_column": "store",
    "horizon": H,
    "quantiles": QUANTILES,
    "trials": 4,
    "workers": 1,
    "name": "sales",
}


def sales(days: int = 120, stores: int = 12) -> pd.DataFrame:
    """Return daily sales of stores: numbers as names, dates as text, gaps, unequal beginnings."""
    rng = np.random.default_rng(0)
    steps = np.arange(160)
    day = pd.date_range("2025-01-01", periods=160).strftime("%d/%m/%Y")
    parts = []
    for store in range(stores):
        level = rng.uniform(20, 200)
        units = level * (1 + 0.3 * np.sin(2 * np.pi * steps / 7) + 0.002 * steps)
        units += 0.05 * level * rng.normal(size=160)
        table = pd.DataFrame({"store": 100 + store, "day": day, "units": units.round(2)})
        table.loc[[60, 61], "units"] = np.nan
        parts.append(table.drop([50, 51, 70]).loc[3 * store : days - 1])
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    """The path of the history; it grows during the module."""
    path = tmp_path_factory.mktemp("series") / "sales.csv"
    sales().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def trained(flow_home, history):
    """The report of a training."""
    return train({"data": str(history), **FORM})


def test_a_forecast_is_trained_scored_and_registered(trained):
    assert (trained.model, trained.version, trained.alias) == ("sales", 1, "champion")
    assert json.loads(json.dumps(trained.to_dict()))["task"] == "forecast"
    assert trained.metric == "mase"
    assert trained.n_trials == 4
    assert trained.n_holdout == 12 * H
    assert trained.holdout_score < trained.baseline_score
    low, high = trained.holdout_interval
    assert low < trained.holdout_score < high
    assert trained.refit_on_all
    assert "the values reach to 30/04/2025" in trained.notes


def test_mlflow_tells_the_story_of_it(trained):
    client = MlflowClient(load_settings().mlflow_uri)
    run = client.get_run(trained.run_id)
    assert run.data.params["horizon"] == str(H)
    trials = client.search_runs(
        [run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{trained.run_id}'"
    )
    assert len(trials) == 4
    page = Path(client.download_artifacts(trained.run_id, "report.html")).read_text()
    assert "forecast of 7 steps (D)" in page
    assert "The worst series" in page
    assert page.count('class="band"') >= 2
    suite = json.loads(
        Path(client.download_artifacts(trained.run_id, "validation/validation.json")).read_text()
    )
    assert {each["column"] for each in suite["expectations"]} >= {"steps behind", "gap share"}


def test_predict_writes_the_horizon_in_the_users_columns(trained, history, tmp_path):
    out = tmp_path / "next.csv"
    record = predict({"data": str(history), "model": "sales", "out": str(out)})
    made = pd.read_csv(out)
    assert list(made.columns) == ["store", "day", "prediction", *QUANTILES]
    assert record.n_rows == len(made) == 12 * H
    assert made["store"].unique().tolist() == [100 + store for store in range(12)]
    assert made["day"].head(2).tolist() == ["01/05/2025", "02/05/2025"]
    for option in ({"proba": True}, {"interval": 0.9}, {"id_column": "store"}):
        with pytest.raises(UserError, match="forecasts series"):
            predict({"data": str(history), "model": "sales", "out": str(out), **option})
    bad = tmp_path / "bad.csv"
    pd.DataFrame({"store": [100], "units": [1.0]}).to_csv(bad, index=False)
    with pytest.raises(UserError, match="lacks the column"):
        predict({"data": str(bad), "model": "sales", "out": str(out)})


PLAIN = """
import json, sys
import pandas as pd, mlflow
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/sales/1")
made = model.predict(pd.read_csv(sys.argv[2]))
recent = model.predict(pd.read_csv(sys.argv[2]).groupby("store").tail(3))
print(json.dumps({
    "columns": list(made.columns),
    "rows": len(made),
    "apart": float((made["prediction"] - recent["prediction"]).abs().max()),
    "inputs": model.metadata.get_input_schema().input_names(),
    "prefect": "prefect" in sys.modules or "ConfigSpace" in sys.modules,
}))
"""


def test_mlflow_opens_it_in_a_plain_process(trained, history):
    settings = load_settings()
    ran = subprocess.run(
        [sys.executable, "-c", PLAIN, settings.mlflow_uri, str(history)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        check=True,
    )
    said = json.loads(ran.stdout.splitlines()[-1])
    assert said["columns"] == ["store", "day", "prediction", *QUANTILES]
    assert said["rows"] == 12 * H
    # The model goes on from what it knew, so the newest rows are enough.
    assert said["apart"] < 1e-9
    assert said["inputs"] == ["store", "day", "units"]
    assert not said["prefect"]


def test_the_life_of_a_champion(trained, history):
    """What has come is scored, the origin moves, and both are compared on the same origins."""
    nothing = monitor({"name": "sales", "data": str(history), "retrain": False})
    assert nothing.verdict == "unknown"
    assert any("nothing can be scored" in note for note in nothing.seen.notes)

    sales(days=148).to_csv(history, index=False)
    seen = monitor({"name": "sales", "data": str(history), "retrain": False})
    assert seen.verdict == "healthy"
    assert seen.seen.n_new == seen.seen.n_labelled == 12 * 28
    assert 0 < seen.seen.score.score < 2 * trained.holdout_score
    assert any(note.startswith("4 origins since the training") for note in seen.seen.notes)

    updated = retrain({"name": "sales", "update": True}).training
    members = [row for row in trained.leaderboard if row.weight > 0]
    assert (updated.version, updated.alias) == (2, "challenger")
    assert {row.configuration for row in updated.leaderboard} == {
        row.configuration for row in members
    }
    moved = open_forecaster(resolve("sales/2", load_settings()), load_settings()).forecaster
    assert moved.predict(sales(days=148))["day"].iloc[0] == "29/05/2025"

    report = promote({"name": "sales", "policy": "never"})
    assert report.challenger == 2
    facts = report.to_dict()
    assert facts["numbers"]["n_rows"] == 12 * H
    assert facts["numbers"]["champion_score"] == pytest.approx(
        facts["numbers"]["challenger_score"], rel=0.5
    )
    unchanged = promote({"name": "sales", "policy": "never", "data": str(history)})
    assert any("no value since" in reason for reason in unchanged.reasons)
    sales(days=155).to_csv(history, index=False)
    newer = promote({"name": "sales", "policy": "never", "data": str(history)})
    assert newer.to_dict()["numbers"]["n_rows"] == 12 * 7

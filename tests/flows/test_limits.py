"""A run whose every trial fails, for want of memory or time, from the command line."""

import json
import os
from pathlib import Path

import pytest
from mlflow import MlflowClient

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

ARGUMENTS = (
    "--target",
    "diagnosis",
    "--trials",
    "2",
    "--families",
    "linear",
    "--workers",
    "1",
    "--name",
    "tumours",
    "--memory-limit",
    "60MB",
)


@pytest.fixture(scope="module")
def failed(tumours, tmp_path_factory, espalier_in):
    espalier = espalier_in(tmp_path_factory.mktemp("limits"))
    return espalier, espalier.run("train", tumours, *ARGUMENTS)


def test_it_ends_with_status_1_and_the_reasons(failed):
    _, outcome = failed
    assert outcome.returncode == 1
    assert "none of 2 trial(s) succeeded: linear: stopped at" in outcome.stderr
    assert "Without a score" in outcome.stdout
    assert "memout" in outcome.stdout


def test_mlflow_knows_why(failed):
    espalier, _ = failed
    client = MlflowClient(f"sqlite:///{espalier.home / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("espalier").experiment_id
    runs = client.search_runs([experiment])
    (parent,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    assert parent.info.status == "FAILED"
    path = client.download_artifacts(parent.info.run_id, "failures.json", str(espalier.folder))
    (told,) = json.loads(Path(path).read_text())
    assert (told["family"], told["status"], told["count"]) == ("linear", "memout", 2)
    assert len(runs) == 3


def test_the_baseline_is_registered_as_such_where_it_is_allowed(failed, tumours):
    espalier, _ = failed
    report, outcome = espalier.train(tumours, *ARGUMENTS, "--allow-baseline")
    assert report["n_resumed"] == 2  # what is known to fail is not tried again
    assert report["ensemble"] == "baseline"
    assert report["holdout_score"] == pytest.approx(report["baseline_score"])
    assert [each["status"] for each in report["failures"]] == ["memout"]
    assert "every trial failed" in outcome.stdout
    client = MlflowClient(f"sqlite:///{espalier.home / 'mlflow.db'}")
    version = client.get_model_version("tumours", "1")
    assert version.tags["method"] == "baseline"
    assert client.get_run(version.run_id).data.metrics["n_memout"] == 2


def test_where_no_trial_is_done_in_time_those_that_got_furthest_stand_in(
    tumours, tmp_path, espalier_in
):
    root = Path(__file__).parents[2]  # the module to run is one of the tests
    paths = os.pathsep.join((str(root / "src"), str(root)))
    espalier = espalier_in(tmp_path, {"PYTHONPATH": paths})
    outcome = espalier.run(
        "train",
        tumours,
        "--target",
        "diagnosis",
        "--trials",
        "2",
        "--families",
        "linear",
        "--workers",
        "1",
        "--name",
        "tumours",
        module="tests.flows.cut_short",
    )
    assert outcome.returncode == 0, outcome.stderr
    said = " ".join((outcome.stdout + outcome.stderr).split())
    assert "no trial was done in time: the best of 2 is chosen by 2 of" in said
    assert "tumours version 1 is champion" in said

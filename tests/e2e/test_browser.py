"""As a person would: start a training from Prefect's form, watch it, see the champion in MLflow.

Run it with ``pytest -m e2e tests/e2e``; pictures are left in ``tests/e2e/screenshots``. The tests
of this file are one story and run in order.
"""

import pytest
from mlflow import MlflowClient

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.cluster]


@pytest.fixture(scope="module")
def client(served):
    uri = f"sqlite:///{served[0] / 'home' / 'mlflow.db'}"
    return MlflowClient(uri, registry_uri=uri)


def test_the_deployments_are_there(person):
    person.open(f"{person.prefect}/deployments")
    for name in (
        "train",
        "extend",
        "retrain",
        "promote",
        "rollback",
        "monitor",
        "predict",
        "learn",
    ):
        person.sees(name)
    person.shoot("deployments")


def test_a_training_is_started_from_the_form(person, tumours):
    person.open_form("train")
    person.shoot("train-form-empty")
    person.fill("Data", tumours)
    person.fill("Target", "diagnosis")
    person.fill("Model name", "tumours")
    person.fill("Trials", 2)
    person.choose("Task", "binary")
    person.choose("Model families", "linear")
    person.shoot("train-form-filled")
    person.submit()
    run = person.wait_for_run("Completed", seconds=900)
    assert run["name"] == "train tumours"
    assert run["parameters"]["request"]["families"] == ["linear"]
    assert run["parameters"]["request"]["trials"] == 2


def test_its_page_shows_the_story_and_the_artifacts(person):
    run = person.runs()[0]
    person.open(f"{person.prefect}/runs/flow-run/{run['id']}")
    person.sees("train tumours")
    person.shoot("train-run")
    person.click("//*[normalize-space()='Artifacts' and not(self::title)]")
    person.sees("leaderboard")
    person.shoot("train-artifacts")
    artifacts = person.ask_prefect("/artifacts/filter", {})
    assert {"leaderboard", "validation", "search", "model"} <= {each["key"] for each in artifacts}
    for each in artifacts:
        if each["key"] in ("model", "leaderboard", "validation"):
            person.open(f"{person.prefect}/artifacts/artifact/{each['id']}")
            person.sees(each["key"])
            person.shoot(f"artifact-{each['key']}")


def test_mlflow_shows_the_champion(person, client):
    assert str(client.get_model_version_by_alias("tumours", "champion").version) == "1"
    person.open(f"{person.mlflow}/#/models")
    person.sees("tumours")
    person.sees("champion")
    person.shoot("mlflow-models")
    person.open(f"{person.mlflow}/#/models/tumours/versions/1")
    person.sees("roc_auc")
    person.shoot("mlflow-version")
    run_id = client.get_model_version("tumours", "1").run_id
    experiment = client.get_run(run_id).info.experiment_id
    person.open(f"{person.mlflow}/#/experiments/{experiment}/runs/{run_id}")
    person.sees("holdout_score")
    person.shoot("mlflow-run")


def test_rows_are_scored_from_the_form(person, tumours, tmp_path):
    out = tmp_path / "scored.csv"
    person.open_form("predict")
    person.fill("Data", tumours)
    person.fill("Model", "tumours@champion")
    person.fill("Output", out)
    person.shoot("predict-form")
    person.submit()

    run = person.wait_for_run("Completed", seconds=600)
    assert len(out.read_text().splitlines()) == 201
    person.open(f"{person.prefect}/runs/flow-run/{run['id']}")
    person.click("//*[normalize-space()='Artifacts' and not(self::title)]")
    person.sees("predictions")
    person.shoot("predict-artifacts")


def test_a_form_that_cannot_be_is_refused_with_its_reason(person):
    person.open_form("predict")
    person.fill("Data", "nowhere/no.csv")
    person.fill("Model", "tumours")
    person.fill("Output", "out.csv")
    person.submit()

    run = person.wait_for_run("Failed", seconds=600)
    assert "'nowhere/no.csv' does not exist" in run["state"]["message"]
    person.open(f"{person.prefect}/runs/flow-run/{run['id']}")
    person.sees("does not exist")
    person.shoot("failed-run")


def test_the_terminal_tells_and_shows_no_traceback(served):
    text = served[2].read_text()
    assert "train tumours" in text
    assert "completed" in text
    assert "failed" in text
    assert "Traceback" not in text

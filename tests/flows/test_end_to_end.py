"""The whole chain with every real component: Prefect, Great Expectations, Dask, MLflow."""

import json
import sqlite3

import pandas as pd
import pytest
from mlflow import MlflowClient

pytestmark = pytest.mark.cluster

ARGUMENTS = (
    "--target",
    "diagnosis",
    "--trials",
    "5",
    "--families",
    "linear,bayes",
    "--workers",
    "2",
    "--name",
    "tumours",
)


@pytest.fixture(scope="module")
def trained(tumours, tmp_path_factory, espalier_in):
    espalier = espalier_in(tmp_path_factory.mktemp("train"))
    report, outcome = espalier.train(tumours, *ARGUMENTS)
    return espalier, report, outcome


@pytest.fixture(scope="module")
def client(trained):
    uri = f"sqlite:///{trained[0].home / 'mlflow.db'}"
    return MlflowClient(uri, registry_uri=uri)


def test_the_report_has_the_agreed_names(trained):
    _, report, _ = trained
    assert report["model"] == "tumours"
    assert report["version"] == 1
    assert report["alias"] == "champion"
    assert report["task"] == "binary"
    assert report["metric"] == "roc_auc"
    assert report["higher_is_better"] is True
    low, high = report["holdout_interval"]
    assert low <= report["holdout_score"] <= high
    assert report["baseline_score"] == 0.5
    assert report["holdout_score"] > 0.8
    assert report["cv_score"] > 0.8
    assert report["n_trials"] == 5
    assert report["n_failed"] == 0
    assert report["n_resumed"] == 0
    assert report["run_id"]


def test_the_seconds_by_phase_add_up(trained):
    seconds = dict(trained[1]["seconds"])
    startup, total = seconds.pop("startup"), seconds.pop("total")
    assert startup > 0
    assert set(seconds) == {
        "load",
        "validate",
        "prepare",
        "profile",
        "search",
        "ensemble",
        "evaluate",
        "register",
    }
    assert sum(seconds.values()) == pytest.approx(total, abs=0.01)


def test_the_leaderboard_is_best_first_and_complete(trained):
    rows = trained[1]["leaderboard"]
    named = {
        "trial",
        "family",
        "score",
        "score_std",
        "fit_seconds",
        "predict_ms_per_row",
        "size_mb",
        "weight",
    }
    assert all(named <= set(row) for row in rows)
    assert sorted(row["trial"] for row in rows) == list(range(5))
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert sum(row["weight"] for row in rows) == pytest.approx(1.0)


def test_the_screen_says_how_good_and_what_to_type_next(trained):
    text = trained[2].stdout
    for piece in (
        "Leaderboard",
        "tumours version 1 is champion",
        "95 % interval",
        "dummy model",
        "espalier predict",
        "--model tumours --out predictions.csv",
        "espalier ui",
        "'patient' is set aside",
    ):
        assert piece in text, piece
    assert "Traceback" not in text + trained[2].stderr
    assert trained[2].stderr == ""


def test_mlflow_holds_the_parent_and_a_run_a_trial(trained, client):
    _, report, _ = trained
    parent = client.get_run(report["run_id"])
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["holdout_score"] == pytest.approx(report["holdout_score"])
    assert parent.data.params["target"] == "diagnosis"
    nested = client.search_runs(
        [parent.info.experiment_id],
        filter_string=f"tags.`mlflow.parentRunId` = '{report['run_id']}'",
    )
    assert {run.info.status for run in nested} == {"FINISHED"}
    scores = {row["trial"]: row["score"] for row in report["leaderboard"]}
    logged = {int(run.data.tags["espalier.trial"]): run.data.metrics["score"] for run in nested}
    assert logged == pytest.approx(scores)


def test_mlflow_holds_what_explains_the_run(trained, client, tmp_path):
    run_id = trained[1]["run_id"]
    folder = client.download_artifacts(run_id, "", str(tmp_path))
    files = {path.relative_to(folder).as_posix() for path in tmp_path.rglob("*.*")}
    assert {
        "report.html",
        "explanation.json",
        "leaderboard.json",
        "leaderboard.csv",
        "versions.json",
        "ensemble.json",
        "validation/validation.json",
        "validation/validation.html",
        "data/schema.json",
        "data/metafeatures.json",
        "data/set_aside.json",
    } <= files
    assert len(pd.read_csv(tmp_path / "leaderboard.csv")) == 5
    assert json.loads((tmp_path / "versions.json").read_text())["espalier"]


def test_prefect_holds_the_tasks_and_artifacts(trained):
    with sqlite3.connect(trained[0].prefect_database) as database:
        tasks = {name for (name,) in database.execute("select name from task_run")}
        states = {kind for (kind,) in database.execute("select state_type from flow_run")}
        artifacts = {key for (key,) in database.execute("select key from artifact") if key}
    for name in (
        "load",
        "validate",
        "prepare",
        "profile",
        "propose",
        "evaluate batch",
        "log trials",
        "ensemble",
        "evaluate",
        "register",
    ):
        assert any(task.startswith(name) for task in tasks), name
    assert states == {"COMPLETED"}
    assert {"leaderboard", "validation", "search", "model"} <= artifacts


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_predictions_of_raw_rows(trained, tumours, ending):
    espalier, _, _ = trained
    rows = pd.read_csv(tumours).drop(columns="diagnosis")
    rows.loc[0, "grade"] = "never seen"
    rows.loc[1, "mean radius"] = float("nan")
    rows[rows.columns[::-1]].assign(extra=1).to_csv(espalier.folder / "rows.csv", index=False)
    out = f"out.{ending}"
    outcome = espalier.call("predict", "rows.csv", "--model", "tumours", "--out", out, "--proba")
    assert outcome.exit_code == 0, outcome.stderr
    path = espalier.folder / out
    answers = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
    assert list(answers.columns) == [
        "source",
        "row",
        "prediction",
        "proba_benign",
        "proba_malignant",
        "model",
    ]
    assert len(answers) == 200
    truth = pd.read_csv(tumours)["diagnosis"]
    assert (answers["prediction"] == truth).mean() > 0.8
    assert answers.filter(like="proba").sum(axis=1).to_numpy() == pytest.approx(1.0)


def test_missing_columns_are_all_named(trained, tumours):
    espalier, _, _ = trained
    rows = pd.read_csv(tumours).drop(columns=["mean radius", "mean area"])
    rows.to_csv(espalier.folder / "less.csv", index=False)
    outcome = espalier.call("predict", "less.csv", "--model", "tumours/1", "--out", "x.csv")
    assert outcome.exit_code == 2
    assert len(outcome.stderr.splitlines()) == 1
    assert "'mean radius', 'mean area'" in outcome.stderr


@pytest.mark.parametrize("spec", ["tumours@challenger", "tumours/7"])
def test_an_alias_or_version_that_does_not_exist(trained, tumours, spec):
    outcome = trained[0].call("predict", tumours, "--model", spec, "--out", "x.csv")
    assert outcome.exit_code == 2
    assert len(outcome.stderr.splitlines()) == 1


def test_models_and_leaderboard(trained):
    espalier, report, _ = trained
    models = espalier.call("models")
    assert "tumours" in models.stdout
    assert "champion" in models.stdout
    board = espalier.call("leaderboard", "tumours")
    assert board.stdout.count("linear") + board.stdout.count("bayes") == 5
    assert f"{report['holdout_score']:.5g}" in board.stdout


def test_a_version_compared_with_itself_is_no_better(trained, tmp_path):
    espalier, _, _ = trained
    compared = espalier.call("compare", "tumours", "tumours", "--json", tmp_path / "both.json")
    assert compared.exit_code == 0
    both = json.loads((tmp_path / "both.json").read_text())
    assert both["scores"]["difference"] == 0.0
    assert both["options"] == []
    assert espalier.call("compare", "tumours", "nobody").exit_code == 2


def test_the_columns_of_a_row_explain_its_answer(trained, tumours, tmp_path):
    espalier, _, _ = trained
    out = tmp_path / "why.json"
    told = espalier.call("explain", "tumours", tumours, "--rows", 2, "--json", out)
    assert told.exit_code == 0
    rows = json.loads(out.read_text())["rows"]
    assert [each["row"] for each in rows] == [1, 2]
    for each in rows:
        moved = sum(column["contribution"] for column in each["columns"])
        assert moved == pytest.approx(each["answer"] - each["base"], abs=1e-6)
        assert each["explained"] == f"probability of {each['prediction']}"
    assert espalier.call("explain", "tumours", tumours, "--rows", 0).exit_code == 2


def test_the_report_is_a_page_of_its_own(trained, tmp_path):
    espalier, report, _ = trained
    out = tmp_path / "report.html"
    assert espalier.call("report", "tumours", "--out", out).exit_code == 0
    page = out.read_text()
    assert "tumours version 1" in page
    assert f"{report['holdout_score']:.5g}" in page
    assert "What the model needs" in page
    n_members = sum(row["weight"] > 0 for row in report["leaderboard"])
    assert page.count('<tr class="member">') >= n_members
    assert "http" not in page, "it needs nothing beside itself"
    assert espalier.call("report", "nobody").exit_code == 2
    assert espalier.call("report", "tumours", "--out", tmp_path / "no" / "x.html").exit_code == 2


@pytest.mark.slow
def test_a_second_training_is_a_challenger_with_the_same_trials(trained, tumours):
    espalier, first, _ = trained
    second, _ = espalier.train(tumours, *ARGUMENTS)
    assert (second["version"], second["alias"], second["n_resumed"]) == (2, "challenger", 0)
    assert scores_of(second) == scores_of(first)
    assert second["holdout_score"] == first["holdout_score"]


def scores_of(report):
    return {row["trial"]: (row["family"], row["score"]) for row in report["leaderboard"]}

"""What the buttons start, and what the forms refuse in words before anything is started."""

import json
import re
from html import unescape

import pytest

from espalier.flows.studio.jobs.job import Job
from tests.flows.studio.conftest import SCRIPT, messy_rows

SMALL = messy_rows(60)


@pytest.fixture
def nothing_runs(monkeypatch):
    """Let every command end at once, having done nothing."""
    monkeypatch.setattr("espalier.flows.studio.jobs.runner.program", lambda: ["/bin/true"])


@pytest.fixture
def owner(registered, visit):
    return visit(registered)


def job_of(reply, settings):
    """Return the job whose page a form has led to."""
    assert reply.url.path.startswith("/work/"), unescape(reply.text)[:2000]
    return Job.read(settings.home / "studio" / "jobs" / reply.url.path.rpartition("/")[2])


def train_form(visitor, **changes):
    key = visitor.table("t.csv", SMALL.to_csv(index=False).encode())
    fields = {"table": key, "target": "churned", "name": "m", "budget": "1m", "seed": "0"}
    return visitor.post("/train/new", fields | changes)


def test_a_training_is_started_with_what_the_form_says(home, visitor, nothing_runs):
    reply = train_form(
        visitor,
        exclude=["age", "spend, net"],
        metric="log_loss",
        families=["linear", "lightgbm"],
        time_column="since",
        interpretable="yes",
        folds="3",
    )
    record = job_of(reply, home).record
    assert record.kind == "train"
    assert record.model == "m"
    assert set(record.arguments[2:]) == {
        "--target=churned",
        "--name=m",
        "--metric=log_loss",
        "--time-budget=1m",
        "--folds=3",
        "--time-column=since",
        "--families=linear,lightgbm",
        '--exclude=age,"spend, net"',
        "--interpretable",
    }
    assert not record.is_form
    assert SCRIPT not in visitor.get(reply.url.path).text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"budget": "own", "own_budget": ""}, "how long it may take"),
        ({"budget": "own", "own_budget": "soon"}, "is not a duration"),
        ({"metric": "rmse"}, "does not fit"),
        ({"name": "a/b"}, "cannot be used"),
        ({"families": "nothing"}, "unknown family"),
        ({"folds": "many"}, "folds"),
        ({"time_column": "churned"}, "is the target"),
        ({"target": "nowhere"}, "no column 'nowhere'"),
        ({"max_latency_ms": "fast"}, "max-latency-ms"),
    ],
)
def test_a_form_that_cannot_be_used_is_shown_again_with_the_reason(visitor, changes, said):
    reply = train_form(visitor, **changes)
    assert reply.status_code == 400
    assert said in unescape(reply.text)
    assert 'role="alert"' in reply.text


def test_what_was_filled_in_is_still_there_after_a_mistake(visitor):
    text = train_form(visitor, budget="own", own_budget="soon", name="my model", about="x").text
    assert 'value="my model"' in text
    assert 'value="soon"' in text
    assert re.search(r'value="own" checked', text)


@pytest.mark.parametrize(
    ("what", "policy", "kind"),
    [
        ("compare", "never", "compare"),
        ("promote", "auto", "promote"),
        ("approve", "approve", "promote"),
    ],
)
def test_a_decision_is_made_by_the_flow_for_whoever_asked(
    owner, registered, nothing_runs, what, policy, kind
):
    reply = owner.post(f"/models/churn/decide/{what}", {"comment": "looks good"})
    job = job_of(reply, registered)
    assert job.record.kind == kind
    assert job.record.arguments[:4] == ("promote", "churn", "--policy", policy)
    assert any(each.startswith("--actor=") for each in job.record.arguments)
    assert ("--comment=looks good" in job.record.arguments) is (what == "approve")


def test_an_unknown_decision_is_none(owner):
    assert owner.post("/models/churn/decide/delete").status_code == 404


def test_a_file_is_predicted_by_the_version_that_was_asked(owner, registered, nothing_runs):
    files = {"file": ("new rows.csv", SMALL.to_csv(index=False).encode())}
    fields = {"version": "2", "proba": "yes", "id_column": "customer"}
    job = job_of(owner.post("/predict/churn/file", fields, files=files), registered)
    assert "churn/2" in job.record.arguments
    assert "--proba" in job.record.arguments
    assert "--id-column=customer" in job.record.arguments
    assert "--interval" not in job.record.arguments
    assert job.record.arguments[1] == "new_rows.csv"  # of its own folder: no path is told


def test_a_table_that_is_there_is_checked_and_trained_on(owner, registered, nothing_runs):
    key = owner.table("may.csv", SMALL.to_csv(index=False).encode())
    checked = job_of(owner.post("/watch/churn/check", {"table": key}), registered)
    assert checked.record.arguments[:2] == ("monitor", "churn")
    asked = job_of(owner.post("/watch/churn/check", {"requests": "yes"}), registered)
    assert asked.record.arguments == ("monitor", "churn", "--requests", "--no-retrain")
    trained = job_of(
        owner.post("/watch/churn/retrain", {"table": key, "time": "5m", "force": "yes"}),
        registered,
    )
    assert trained.record.arguments[-3:] == ("--time-budget", "5m", "--force")


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/predict/churn/file", {}, "choose a file first"),
        ("/watch/churn/check", {}, "choose a file first"),
        ("/watch/churn/retrain", {"time": "soon"}, "is not a duration"),
        ("/predict/nobody/file", {}, "no model is called"),
        ("/deploy/nobody/on", {}, "no model is called"),
    ],
)
def test_a_button_that_cannot_do_it_says_why(owner, path, fields, said):
    reply = owner.post(path, fields)
    assert reply.status_code == 400
    assert said in unescape(reply.text)


def test_progress_is_asked_for_until_it_ends(home, visitor, nothing_runs):
    reply = train_form(visitor)
    job = job_of(reply, home)
    while not Job.read(job.folder).state.has_ended:
        visitor.get("/train")  # the studio takes note of children that have ended
    live = visitor.get(f"{reply.url.path}/live")
    assert live.status_code == 286
    assert "<html" not in live.text
    assert 'id="said"' in live.text
    assert "Try again" in live.text


def test_the_outcome_of_a_training_is_shown_with_the_next_steps(home, visitor, nothing_runs):
    job = job_of(train_form(visitor), home)
    report = {
        "model": "m",
        "version": 2,
        "alias": "challenger",
        "metric": "roc_auc",
        "higher_is_better": True,
        "holdout_score": 0.9,
        "holdout_interval": [0.85, 0.95],
        "n_holdout": 80,
        "baseline_score": 0.5,
        "n_trials": 12,
        "n_failed": 1,
    }
    (job.folder / "outcome.json").write_text(json.dumps(report))
    text = unescape(visitor.get(f"/work/{job.record.id}").text)
    assert "0.85 to 0.95 (95 %), 80 rows" in text
    assert "Decide who serves" in text
    assert "Extend" in text
    assert "espalier train" in text


def test_a_result_is_downloaded_under_a_harmless_name(owner, registered, nothing_runs):
    files = {"file": ("r.csv", SMALL.to_csv(index=False).encode())}
    job = job_of(owner.post("/predict/churn/file", {}, files=files), registered)
    assert owner.get(f"/work/{job.record.id}/result").status_code == 404
    job.result_path.write_text("prediction\nyes\n")
    reply = owner.get(f"/work/{job.record.id}/result")
    assert reply.text == "prediction\nyes\n"
    assert 'filename="churn-predictions.csv"' in reply.headers["content-disposition"]
    owner.post(f"/work/{job.record.id}/remove")
    assert not job.folder.exists()


def test_an_endpoint_that_ends_says_why(owner, registered, monkeypatch):
    monkeypatch.setattr(
        "espalier.flows.studio.jobs.runner.program", lambda: ["/bin/sh", "-c", "echo error: no"]
    )
    owner.post("/deploy/churn/on")
    while "starting" in (text := owner.get("/deploy").text):
        pass
    assert "It is off, because it ended." in text
    assert "no" in unescape(text)

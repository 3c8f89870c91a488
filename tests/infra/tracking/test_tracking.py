import json
import pickle
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from espalier.infra.settings import Settings
from espalier.infra.tracking.logged_dataset import ModelMetrics
from espalier.infra.tracking.tracking import Tracking
from espalier.infra.tracking.trials import TrackedTrials
from espalier.pipelines.errors import StoreUnavailableError
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialResult, TrialStatus


@pytest.fixture(scope="module")
def settings(new_settings):
    return new_settings()


@pytest.fixture
def tracking(settings):
    return Tracking(settings)


def result(number: int, status: TrialStatus = TrialStatus.SUCCESS) -> TrialResult:
    ok = status is TrialStatus.SUCCESS
    configuration = Configuration.of("knn", {"k": 3, "prep_scaling": "robust"})
    return TrialResult(
        trial=Trial(number=number, configuration=configuration, seed=7, origin="default"),
        status=status,
        score=0.75 if ok else None,
        score_std=0.25 if ok else None,
        fold_scores=(0.5, 1.0) if ok else (),
        predict_ms_per_row=float("nan"),
        seconds=2.0,
        error=None if ok else "ValueError: no",
        worker="w1",
    )


def nested(tracking, parent):
    runs = tracking.client.search_runs(
        [tracking.experiment_id], f"tags.`mlflow.parentRunId` = '{parent}'"
    )
    return {int(run.data.tags["espalier.trial"]): run for run in runs}


def test_making_one_opens_nothing(tmp_path):
    settings = Settings(home=tmp_path / "new", tracking_uri=None)
    pickle.loads(pickle.dumps(Tracking(settings)))
    assert not settings.home.exists()


def test_a_trial_is_told_whole(tracking):
    parent = tracking.start_run("churn", tags={"espalier.target": "churned"})
    failed = result(3, TrialStatus.TIMEOUT)
    assert tracking.trials.log(parent, [result(0), failed]) == 2
    run, other = nested(tracking, parent)[0], nested(tracking, parent)[3]
    assert run.info.status == "FINISHED"
    assert run.info.end_time - run.info.start_time == 2000
    assert run.data.params == {"family": "knn", "seed": "7", "k": "3", "prep_scaling": "robust"}
    assert run.data.metrics["score"] == 0.75
    assert "predict_ms_per_row" not in run.data.metrics
    history = tracking.client.get_metric_history(run.info.run_id, "fold_score")
    assert [(entry.step, entry.value) for entry in history] == [(0, 0.5), (1, 1.0)]
    assert other.info.status == "FAILED"
    assert other.data.tags["espalier.status"] == "timeout"
    assert other.data.tags["error"] == "ValueError: no"


def test_logging_again_makes_no_duplicates(tracking, settings):
    parent = tracking.start_run("churn")
    tracking.trials.log(parent, [result(0), result(1)])
    assert tracking.trials.log(parent, [result(1), result(2)]) == 1
    # Another process continues; the last one was cut off in the middle of trial 3.
    cut_off = tracking.client.create_run(
        tracking.experiment_id, tags={"mlflow.parentRunId": parent, "espalier.trial": "3"}
    )
    later = Tracking(settings)
    assert later.trials.log(parent, [result(number) for number in range(5)]) == 2
    runs = nested(later, parent)
    assert sorted(runs) == [0, 1, 2, 3, 4]
    assert runs[3].info.run_id != cut_off.info.run_id
    assert {run.info.status for run in runs.values()} == {"FINISHED"}


def test_a_run_whose_maker_was_killed_is_found_by_its_attempt(tracking, settings):
    run_id = tracking.start_run("churn", attempt="one")
    later = Tracking(settings)
    assert later.start_run("churn", attempt="one") == run_id
    assert later.start_run("churn", attempt="two") != run_id


def test_parameters_that_are_there_stay(tracking):
    run_id = tracking.start_run("churn")
    tracking.log_params(run_id, {"workers": 1})
    tracking.log_params(run_id, {"workers": 2, "seed": 0})
    assert tracking.client.get_run(run_id).data.params == {"workers": "1", "seed": "0"}


def test_twins_that_a_killed_server_left_are_removed(tracking, monkeypatch):
    monkeypatch.setattr(TrackedTrials, "_is_remote", True)
    parent = tracking.start_run("churn", attempt="three")
    twin = tracking.client.create_run(tracking.experiment_id, tags={"espalier.attempt": "three"})
    tracking.trials.log(parent, [result(0), result(1)])
    for status in ("RUNNING", "FINISHED"):
        run = tracking.client.create_run(
            tracking.experiment_id, tags={"mlflow.parentRunId": parent, "espalier.trial": "1"}
        )
        tracking.client.update_run(run.info.run_id, status=status)
    tracking.trials.settle(parent, [result(0), result(1), result(2)])
    runs = tracking.client.search_runs(
        [tracking.experiment_id], f"tags.`mlflow.parentRunId` = '{parent}'"
    )
    assert sorted(run.data.tags["espalier.trial"] for run in runs) == ["0", "1", "2"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert tracking.client.get_run(twin.info.run_id).info.lifecycle_stage == "deleted"
    assert tracking.client.get_run(parent).info.lifecycle_stage == "active"


def test_the_parent_run_from_start_to_end(tracking, tmp_path):
    run_id = tracking.start_run("churn")
    tracking.log_params(run_id, {f"p{i}": "x" * 7000 for i in range(150)})
    tracking.log_metrics(run_id, {"a": 1.0, "b": float("inf")})
    tracking.set_tags(run_id, {"note": "y" * 9000})
    tracking.log_text(run_id, "hello", "notes/hello.txt")
    tracking.log_json(run_id, {"a": float("nan")}, "record.json")
    (tmp_path / "f.txt").write_text("x")
    tracking.log_file(run_id, tmp_path / "f.txt", "files")
    tracking.log_dataset(
        run_id,
        name="churn",
        source="postgresql://me:secret@host/db",
        fingerprint="f" * 16,
        columns={"a": "int64", "when": "datetime64[ns]", "kind": "category", "n": "Float32"},
        n_rows=3,
    )
    tracking.finish_run(run_id, {"holdout_score": 0.5})
    run = tracking.client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"a": 1.0, "holdout_score": 0.5}
    assert len(run.data.params) == 150
    dataset = run.inputs.dataset_inputs[0].dataset
    assert dataset.digest == "f" * 16
    schema = json.loads(dataset.schema)["mlflow_colspec"]  # what MLflow's panel shows
    assert [(each["name"], each["type"]) for each in schema] == [
        ("a", "long"),
        ("when", "datetime"),
        ("kind", "string"),
        ("n", "float"),
    ]
    assert json.loads(dataset.profile)["num_rows"] == 3
    assert "secret" not in str(run.to_dictionary())
    names = {file.path for file in tracking.client.list_artifacts(run_id)}
    assert names == {"notes", "record.json", "files"}
    assert (tracking.settings.home / "artifacts").is_dir()


def test_metrics_of_a_model_are_on_its_page(tracking):
    from mlflow.entities import LoggedModelStatus

    run_id, client = tracking.start_run("churn"), tracking.client
    tracking.log_dataset(
        run_id, name="churn", source="t.csv", fingerprint="f" * 50, columns={"a": "int64"}, n_rows=3
    )
    model = client.create_logged_model(tracking.experiment_id, source_run_id=run_id)
    metrics = ModelMetrics(
        values={"holdout_score": 0.5, "cv_score": float("nan")}, table="churn", fingerprint="f" * 50
    )
    tracking.log_model_metrics(run_id, model.model_id, metrics)
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    found = client.get_logged_model(model.model_id).metrics
    assert [(each.key, each.value, each.dataset_name) for each in found] == [
        ("holdout_score", 0.5, "churn")
    ]
    dataset = client.get_run(run_id).inputs.dataset_inputs[0].dataset
    assert found[0].dataset_digest == dataset.digest
    assert client.get_run(run_id).data.metrics == {"holdout_score": 0.5}


def test_a_failed_run_is_continued(tracking, settings):
    run_id = tracking.start_run("churn")
    tracking.fail_run(run_id, ValueError("no luck"))
    failed = tracking.client.get_run(run_id)
    assert (failed.info.status, failed.data.tags["error"]) == ("FAILED", "ValueError: no luck")
    later = Tracking(settings)
    assert later.continue_run(run_id)
    assert later.client.get_run(run_id).info.status == "RUNNING"
    assert not later.continue_run("0" * 32)
    later.client.delete_run(run_id)
    assert not later.continue_run(run_id)


def test_a_locked_store_may_be_tried_again(tracking, settings, monkeypatch):
    from mlflow.exceptions import MlflowException

    parent = tracking.start_run("churn")
    real = tracking.client.log_batch

    def locked(*args, **kwargs):
        raise MlflowException("(sqlite3.OperationalError) database is locked")

    monkeypatch.setattr(tracking.client, "log_batch", locked)
    with pytest.raises(StoreUnavailableError, match="locked"):
        tracking.trials.log(parent, [result(0)])
    monkeypatch.setattr(tracking.client, "log_batch", real)
    later = Tracking(settings)
    assert later.trials.log(parent, [result(0), result(1)]) == 2
    assert sorted(nested(later, parent)) == [0, 1]


def test_opened_in_the_background(settings):
    tracking = Tracking(settings).open_soon()
    assert tracking.experiment_id == Tracking(settings).experiment_id


def test_several_make_the_experiment_at_once(settings, tracking):
    _ = tracking.experiment_id  # the tables are there
    each = [Tracking(settings.model_copy(update={"experiment": "new"})) for _ in range(4)]
    start = threading.Barrier(4)

    def make(one):
        start.wait()
        return one.experiment_id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(make, each))) == 1


def test_a_new_store_is_made_where_the_settings_say(empty_database):
    with sqlite3.connect(empty_database) as connection:
        assert connection.execute("select count(*) from experiments").fetchone() == (1,)


def test_long_errors_fit(tracking):
    parent = tracking.start_run("churn")
    long = replace(result(0, TrialStatus.FAILED), error="x" * 20_000)
    assert tracking.trials.log(parent, [long]) == 1

"""Who ends the MLflow run of a training: whoever works on it, and nobody else."""

import json

import pytest

from espalier.flows.training.run_record import mlflow_run_ended
from espalier.infra.processes.owner_lock import LockLostError
from espalier.infra.runs.notes import MLFLOW_RUN
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.infra.tracking import owned_run as owned_runs
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.tracking import Tracking

THIEF = {"host": "elsewhere", "boot": "x", "pid": 1, "started": 1.0, "token": "of the thief"}


@pytest.fixture
def training(tmp_path, monkeypatch):
    """Its store and tracking, and a function that says how its MLflow run is."""
    monkeypatch.setattr(owned_runs, "_ASK_SECONDS", 0.02)
    tracking = Tracking(Settings(home=tmp_path / "home"))
    store = RunStore(tmp_path / "runs" / "0123456789abcdef")
    run_id = tracking.start_run("churn")
    store.note(MLFLOW_RUN, run_id)
    return store, tracking, lambda: tracking.client.get_run(run_id)


def test_a_failure_ends_it(training):
    store, tracking, run = training

    def fail():
        with mlflow_run_ended(tracking, store):
            while run_tags.BEAT not in run().data.tags:
                assert run().info.status == "RUNNING"
            raise ValueError("no")

    with store.lock(), pytest.raises(ValueError, match="no"):
        fail()
    assert run().info.status == "FAILED"


def test_an_owner_that_has_lost_it_leaves_it_to_the_other_one(training):
    store, tracking, run = training

    def lose_it(lock):
        with mlflow_run_ended(tracking, store):
            lock.path.unlink()
            lock.path.write_text(json.dumps(THIEF))
            store.note("anything", 1)

    with store.lock() as lock, pytest.raises(LockLostError):
        lose_it(lock)
    assert run().info.status == "RUNNING"
    assert json.loads(lock.path.read_text()) == THIEF

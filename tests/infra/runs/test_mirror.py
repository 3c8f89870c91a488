"""Two machines that share a bucket, and no disk: one goes on where the other was killed."""

import json
import threading
import time
from uuid import uuid4

import numpy as np
import pytest

from espalier.infra.processes.owner_lock import LockLostError
from espalier.infra.processes.shared_lock import shared_lock
from espalier.infra.processes.shared_place import open_place
from espalier.infra.runs import mirror
from espalier.infra.runs.folders import run_folder
from espalier.infra.runs.mirror import fetch_attempts, forget_shared, shared_run
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult, TrialStatus

KEY = "0123456789abcdef"


@pytest.fixture(params=["memory", "s3"])
def machines(request, tmp_path, monkeypatch):
    """The settings of two machines."""
    monkeypatch.setattr(mirror, "SYNC_SECONDS", 0.05)
    place = f"memory://{uuid4().hex}"
    url = f"{request.getfixturevalue('bucket') if request.param == 's3' else place}/runs"
    return [Settings(home=tmp_path / each, runs_url=url, keep_runs=2) for each in ("one", "two")]


def outcome(number):
    return TrialOutcome(
        result=TrialResult(
            trial=Trial(number=number, configuration=Configuration("linear", {}), seed=number),
            status=TrialStatus.SUCCESS,
            score=0.5 + number / 100,
            fold_scores=(0.5,),
            seconds=1.0,
        ),
        predictions=np.full(5, number, dtype=np.float32),
    )


def store_on(settings, key=KEY):
    fetch_attempts(settings, "churn", key)
    return RunStore(run_folder(settings.runs_folder, key))


def wait_for(place, path, text):
    end = time.monotonic() + 20
    while text not in (place.read(path) or b""):
        assert time.monotonic() < end
        time.sleep(0.02)


class KilledError(BaseException):
    """Stands for the end of a process: nothing after it is done."""


def killed_after(settings, n_trials):
    """A run that is killed after some trials."""
    store = store_on(settings)
    with store.lock(), shared_run(store, "churn", settings):
        store.note("mlflow_run", "abc")
        for number in range(n_trials):
            store.append(outcome(number))
        (store.folder / "table.pkl").write_bytes(b"rows")
        raise KilledError(store.attempt)


def test_another_machine_goes_on_where_a_killed_one_was(machines):
    one, two = machines
    with pytest.raises(KilledError) as killed:
        killed_after(one, 3)
    attempt = killed.value.args[0]
    again = store_on(two)
    assert again.folder.parent == two.runs_folder
    assert again.folder.name == KEY
    with again.lock(), shared_run(again, "churn", two):
        assert again.attempt == attempt
        assert again.noted("mlflow_run") == "abc"
        assert [each.trial.number for each in again.results()] == [0, 1, 2]
        assert again.predictions(2).tolist() == [2.0] * 5
        assert not (again.folder / "table.pkl").exists()  # rows stay where they were read
        again.append(outcome(3))
        again.mark_finished({"model": "churn"})
    # The first machine comes back: that run is done, a new one would be another attempt.
    assert store_on(one).folder.name == f"{KEY}-2"
    assert len(RunStore(one.runs_folder / KEY).results()) == 4


def test_records_are_there_while_the_run_is_at_it(machines):
    one, _ = machines
    store, place = store_on(one), open_place(one.runs_url)
    with store.lock(), shared_run(store, "churn", one):
        store.append(outcome(0))
        wait_for(place, f"model=churn/{KEY}/trials.jsonl", b'"number"')
        assert f"model=churn/{KEY}/oof/0.npy" in {
            f"model=churn/{KEY}/{each}" for each in place.below(f"model=churn/{KEY}")
        }


def run_on(settings, n_seconds=0.0):
    """A run that records a trial every now and then, until it is told to stop."""
    store = store_on(settings)
    with store.lock(), shared_run(store, "churn", settings):
        end, number = time.monotonic() + n_seconds, 0
        while number == 0 or time.monotonic() < end:
            store.append(outcome(number))
            number += 1
            time.sleep(0.05)


def test_two_machines_do_not_run_the_same(machines):
    one, two = machines
    first = store_on(one)
    with (
        first.lock(),
        shared_run(first, "churn", one),
        pytest.raises(UserError, match="running already"),
    ):
        run_on(two)


def test_who_lost_the_lock_stops_before_it_records_more(machines):
    one, two = machines
    place = open_place(one.runs_url)

    def take_over():
        wait_for(place, f"model=churn/{KEY}/trials.jsonl", b'"number"')
        record = json.dumps({"token": "other", "host": "two", "pid": 7, "started": 1.0})
        place.write(shared_lock(two, f"run {KEY}")._path, record.encode())

    thief = threading.Thread(target=take_over)
    thief.start()
    with pytest.raises(LockLostError, match="taken over by process 7 on two"):
        run_on(one, n_seconds=20.0)
    thief.join()
    before = place.read(f"model=churn/{KEY}/trials.jsonl")
    time.sleep(0.2)
    assert place.read(f"model=churn/{KEY}/trials.jsonl") == before


def test_the_shared_folder_does_not_grow_and_can_be_emptied(machines):
    one, _ = machines
    place = open_place(one.runs_url)
    for number in range(4):
        store = store_on(one, f"{number:016x}")
        with store.lock(), shared_run(store, "churn", one):
            store.append(outcome(0))
            store.mark_finished({"model": "churn"})
    assert len(place.folders("model=churn")) == one.keep_runs
    forget_shared(one, "churn")
    assert place.folders("model=churn") == ()


def test_without_the_setting_nothing_is_shared(tmp_path):
    settings = Settings(home=tmp_path)
    store = store_on(settings)
    with store.lock(), shared_run(store, "churn", settings):
        store.append(outcome(0))
    assert forget_shared(settings, "churn") is None

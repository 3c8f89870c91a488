import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from espalier.infra.processes.owner_lock import LockLostError, RunLock
from espalier.infra.runs.fold_models import open_fold_models
from espalier.infra.runs.folders import attempts_of, run_folder, run_key
from espalier.infra.runs.store import RunStore
from espalier.infra.runs.trial_recorder import TrialRecorder
from espalier.pipelines.errors import StoreUnavailableError, UserError
from espalier.pipelines.trials.row_predictions import RowPredictions, common_rows
from espalier.pipelines.trials.trial import TrialOutcome
from tests.contracts.outcomes import failure, success

KEY = run_key("f", {})


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "run")


def test_an_empty_store_has_nothing_and_makes_nothing(store):
    assert store.results() == ()
    assert store.finished is None
    assert store.noted("mlflow") is None
    assert not store.folder.exists()


def test_results_come_back_by_number(store):
    outcomes = [success(2, 0.25), failure(0), success(1)]
    for outcome in outcomes:
        store.append(outcome)
    again = RunStore(store.folder)
    assert again.results() == (outcomes[1].result, outcomes[2].result, outcomes[0].result)
    np.testing.assert_array_equal(again.predictions(2), outcomes[0].predictions)
    assert again.predictions(2).dtype == np.float32


def test_the_last_record_of_a_number_counts(store):
    store.append(success(0, 0.25))
    store.append(success(0, 0.75))
    assert [result.score for result in store.results()] == [0.75]


@pytest.mark.parametrize("kept", range(1, 100, 7))
def test_a_torn_line_costs_its_trial_and_no_other(store, kept):
    store.append(success(0))
    whole = store.log_path.read_bytes()
    store.log_path.write_bytes(whole + whole[:kept])
    store.append(success(2))
    assert [result.trial.number for result in store.results()] == [0, 2]


def test_a_success_without_its_predictions_is_run_again(store):
    store.append(success(0))
    store.append(success(1))
    (store.folder / "oof" / "0.npy").unlink()
    assert [result.trial.number for result in store.results()] == [1]
    store.append(success(0, 0.75))
    assert [result.score for result in store.results()] == [0.75, 0.5]


def test_not_a_number_survives(store):
    outcome = success(0)
    odd = replace(outcome.result, predict_ms_per_row=float("nan"))
    store.append(TrialOutcome(odd, outcome.predictions))
    assert store.results()[0].predict_ms_per_row is None
    assert "NaN" not in store.log_path.read_text()


def test_notes_are_replaced(store):
    store.note("mlflow", {"run_id": "a"})
    store.note("mlflow", {"run_id": "b"})
    assert store.noted("mlflow") == {"run_id": "b"}
    assert [file.name for file in (store.folder / "notes").iterdir()] == ["mlflow.json"]


def test_key_depends_on_content_alone():
    key = run_key("f", {"a": 1, "b": (1, 2)})
    assert key == run_key("f", {"b": [1, 2], "a": 1})
    assert len({key, run_key("g", {"a": 1, "b": (1, 2)}), run_key("f", {"a": 2})}) == 3


def test_an_unfinished_run_is_continued_a_finished_one_is_not(tmp_path):
    first = run_folder(tmp_path, KEY)
    RunStore(first).append(success(0))
    assert run_folder(tmp_path, KEY) == first
    RunStore(first).mark_finished({"version": 1})
    second = run_folder(tmp_path, KEY)
    assert second != first
    RunStore(second).append(success(0))
    assert run_folder(tmp_path, KEY) == second
    assert RunStore(first).finished == {"version": 1}


def test_models_of_trials_go_when_the_run_is_done(tmp_path):
    kept = open_fold_models(tmp_path / "run", tmp_path / "home")
    trial = success(0).result.trial
    kept.keep(trial, ["a model"], gain=1.0)
    continued = open_fold_models(tmp_path / "run", tmp_path / "home")
    assert continued.load(trial) == ("a model",)
    assert open_fold_models(tmp_path / "other", tmp_path / "home").key != kept.key
    RunStore(tmp_path / "run").mark_finished({})
    assert not kept.folder.exists()
    assert kept.load(trial) == ()


def test_an_attempt_is_continued_though_those_before_it_are_gone(tmp_path):
    for number in (1, 2, 3):
        folder = run_folder(tmp_path, KEY)
        RunStore(folder).append(success(0))
        if number < 3:
            RunStore(folder).mark_finished({})
    third = run_folder(tmp_path, KEY)
    for folder in attempts_of(tmp_path, KEY)[:2]:
        shutil.rmtree(folder)
    assert run_folder(tmp_path, KEY) == third
    RunStore(third).mark_finished({})
    assert run_folder(tmp_path, KEY).name == f"{KEY}-4"


def test_an_attempt_has_a_name_of_its_own(store, tmp_path):
    assert store.attempt == RunStore(store.folder).attempt
    assert store.attempt != RunStore(tmp_path / "other").attempt


@contextmanager
def files_no_larger_than(n_bytes):
    """A limit that the kernel keeps, in place of a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_and_costs_nothing_that_was_there(store):
    store.append(success(0))
    with files_no_larger_than(50), pytest.raises(StoreUnavailableError, match="make room"):
        store.append(success(1))
    assert [each.trial.number for each in store.results()] == [0]
    assert [path.name for path in (store.folder / "oof").iterdir()] == ["0.npy"]


def test_a_line_that_the_disk_cuts_off_is_written_again(store):
    store.append(success(0))
    size = store.log_path.stat().st_size
    with files_no_larger_than(size + 50), pytest.raises(StoreUnavailableError):
        store.append(failure(1))
    assert store.log_path.stat().st_size == size + 50
    store.append(failure(1))
    assert [each.trial.number for each in store.results()] == [0, 1]


def test_outcomes_are_held_while_the_disk_is_full(store):
    recorder = TrialRecorder(store)
    with files_no_larger_than(50):
        recorder.keep(success(0))
        recorder.keep(success(1))
        with pytest.raises(StoreUnavailableError):
            recorder.write()
    assert store.results() == ()
    recorder.keep(success(2))
    recorder.write()
    assert [each.trial.number for each in store.results()] == [0, 1, 2]
    assert len(store.log_path.read_text().splitlines()) == 3


HOLDER = """
import sys
from espalier.infra.processes.owner_lock import RunLock
from pathlib import Path
RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_one_lives_one_waits_and_the_dead_are_followed(tmp_path):
    folder = run_folder(tmp_path, KEY)
    lock = RunLock(folder / "lock")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match=f"running already.*{holder.pid}"):
            lock.acquire()
        assert run_folder(tmp_path, KEY) != folder
        holder.kill()  # no clean-up: the lock file stays
    assert lock.path.exists()
    assert run_folder(tmp_path, KEY) == folder
    with lock:
        assert lock.owner_alive is None
        lock.acquire()  # again, by the same process
    assert not lock.path.exists()
    assert list(folder.iterdir()) == []


def test_a_reused_process_id_does_not_count(tmp_path):
    lock = RunLock(tmp_path / "lock")
    lock.acquire()
    owner = json.loads(lock.path.read_text())
    lock.path.write_text(json.dumps(owner | {"pid": 1, "started": 5.0}))
    lock.acquire()
    assert json.loads(lock.path.read_text())["pid"] == owner["pid"]


def test_another_machine_is_believed_while_it_touches_its_lock(tmp_path, monkeypatch):
    monkeypatch.setattr("espalier.infra.processes.owner_lock._SILENCE_SECONDS", 1.0)
    monkeypatch.setattr("espalier.infra.processes.owner_lock._POLL_SECONDS", 0.05)
    lock = RunLock(tmp_path / "lock")
    lock.path.write_text(json.dumps({"host": "elsewhere", "pid": 1, "started": 1.0}))
    over = threading.Event()

    def touch():
        while not over.wait(0.1):
            os.utime(lock.path)

    other = threading.Thread(target=touch)
    other.start()
    try:
        with pytest.raises(UserError, match="elsewhere"):
            lock.acquire()
    finally:
        over.set()
        other.join()
    lock.acquire()


THIEF = {"host": "elsewhere", "boot": "x", "pid": 1, "started": 1.0, "token": "of the thief"}


def test_an_owner_whose_lock_was_taken_over_stops_writing(store, monkeypatch):
    monkeypatch.setattr("espalier.infra.processes.owner_lock._BEAT_SECONDS", 0.05)
    store.append(success(0))
    with store.lock() as lock:
        store.append(success(1))
        # It was silent for long: another host took the lock, as `acquire` does, and works there.
        lock.path.unlink()
        lock.path.write_text(json.dumps(THIEF))
        os.utime(lock.path, (1.0, 1.0))
        before = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}
        for write in (
            lambda: store.append(success(2)),
            lambda: store.append_start({"trial": 2}),
            lambda: store.note("a", 1),
            lambda: store.write_log(()),
            lambda: store.mark_finished({}),
        ):
            with pytest.raises(LockLostError, match="taken over by process 1 on elsewhere"):
                write()
        time.sleep(0.3)  # its beat leaves the other one's lock alone, too
        assert lock.path.stat().st_mtime == 1.0
    after = {path: path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}
    assert after == before
    assert json.loads(lock.path.read_text()) == THIEF
    store.note("a", 1)  # a process that holds no lock is not asked


def test_a_lock_removed_by_hand_is_put_back(store):
    with store.lock() as lock:
        lock.path.unlink()
        store.append(success(0))
        assert json.loads(lock.path.read_text())["pid"] == os.getpid()


def test_a_silent_lock_of_another_host_is_taken_without_waiting(tmp_path, monkeypatch):
    def no_sleep(_seconds):
        raise AssertionError("it is waited for")

    monkeypatch.setattr("espalier.infra.processes.owner_lock.time.sleep", no_sleep)
    lock = RunLock(tmp_path / "lock")
    lock.path.write_text(json.dumps(THIEF))
    os.utime(lock.path, (time.time() - 30.0,) * 2)
    assert lock.owner_alive is None
    lock.acquire()
    assert json.loads(lock.path.read_text())["pid"] == os.getpid()


def test_a_lock_is_touched_while_it_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr("espalier.infra.processes.owner_lock._BEAT_SECONDS", 0.05)
    with RunLock(tmp_path / "lock") as lock:
        os.utime(lock.path, (1.0, 1.0))
        end = time.monotonic() + 20
        while lock.path.stat().st_mtime == 1.0 and time.monotonic() < end:
            time.sleep(0.02)
        assert lock.path.stat().st_mtime > 1.0


def test_only_validated_rows_are_on_disk_and_come_back(store):
    rows = np.arange(0, 1_000_000, 5_000, dtype=np.int32)
    for number, values in enumerate((np.ones((200, 3), np.float32), np.ones(200, np.float32))):
        few = RowPredictions(rows, values, 1_000_000)
        store.append(TrialOutcome(success(number).result, few))
        assert store.predictions_path(number).stat().st_size < 5_000
        again = RunStore(store.folder).predictions(number)
        assert again.shape == few.shape
        np.testing.assert_array_equal(again.rows, rows)
        np.testing.assert_array_equal(again[rows], values)
        assert np.isnan(again[np.array([1])]).all()
    assert RunStore(store.folder).predicted == {0, 1}


def test_arrays_as_long_as_the_table_of_older_folders_are_opened(store):
    whole = np.full((4, 2), 0.5, dtype=np.float32)
    whole[0] = np.nan
    path = store.predictions_path(7)
    path.parent.mkdir(parents=True)
    np.save(path, whole)
    np.testing.assert_array_equal(store.predictions(7), whole)
    new = RowPredictions(np.array([1, 3]), whole[[1, 3]], 4)
    assert common_rows([store.predictions(7), new]).tolist() == [1, 3]

import os
import time

import pytest

from espalier.infra.runs.notes import REQUEST
from espalier.infra.runs.retention import removable, remove, survey, sweep
from espalier.infra.runs.store import RunStore
from espalier.pipelines.errors import UserError
from tests.contracts.outcomes import success

DAY = 86_400.0
NOW = 1_000 * DAY


@pytest.fixture
def make(tmp_path):
    """Make a run folder whose run ended, or was last heard of, so many days ago."""

    def make(digit, *, model="churn", days=0.0, finished=True):
        store = RunStore(tmp_path / (digit * 16))
        store.append(success(0))
        store.note(REQUEST, {"data": f"{model}.csv", "name": None})
        if finished:
            store.mark_finished({"model": model})
        for path in (store.folder, *store.folder.rglob("*")):
            os.utime(path, (NOW - days * DAY, NOW - days * DAY))
        return store.folder

    return make


def names(records):
    return [record.folder.name[0] for record in records]


def test_the_newest_of_each_model_stay(make, tmp_path):
    for digit, days in zip("abcd", (4, 3, 2, 1), strict=True):
        make(digit, days=days)
    make("e", model="other", days=9)
    records = survey(tmp_path)
    assert [record.model for record in records] == ["other", "churn", "churn", "churn", "churn"]
    assert names(removable(records, keep=2, now=NOW)) == ["a", "b"]
    assert names(removable(records, keep=1, now=NOW)) == ["a", "b", "c"]
    assert removable(records, keep=4, now=NOW) == ()


def test_what_is_protected_stays_beside_the_newest(make, tmp_path):
    old = make("a", days=9)
    make("b", days=2)
    new = make("c", days=1)
    records = survey(tmp_path)
    assert names(removable(records, keep=1, protected={old}, now=NOW)) == ["b"]
    assert names(removable(records, keep=1, protected={new}, now=NOW)) == ["a", "b"]


@pytest.fixture
def others_live(monkeypatch):
    """Whoever holds a lock elsewhere is alive."""
    monkeypatch.setattr(
        "espalier.infra.processes.owner_lock.RunLock._is_touched", lambda _lock: True
    )


@pytest.mark.usefixtures("others_live")
def test_an_interrupted_run_stays_until_it_is_given_up(make, tmp_path):
    make("a", days=1)
    make("b", days=20, finished=False)
    make("c", days=40, finished=False)
    live = make("d", days=50, finished=False)
    (live / "lock").write_text('{"host": "elsewhere", "pid": 1, "started": 1.0}')
    assert names(removable(survey(tmp_path), keep=1, now=NOW)) == ["c"]


def test_runs_of_other_hosts_cost_no_waiting(make, tmp_path, monkeypatch):
    """One that touched its lock just now counts as live; one that did not is interrupted."""
    lately, long_ago = (make(digit, days=50, finished=False) for digit in "ab")
    for folder, days in ((lately, 0), (long_ago, 45)):
        lock = folder / "lock"
        lock.write_text('{"host": "elsewhere", "boot": "x", "pid": 1, "started": 1.0}')
        os.utime(lock, (time.time() - days * DAY,) * 2)
        os.utime(folder, (NOW - 50 * DAY,) * 2)
    touched = lately.stat().st_mtime

    def no_sleep(_seconds):
        raise AssertionError("a run of another host is waited for")

    monkeypatch.setattr("espalier.infra.processes.owner_lock.time.sleep", no_sleep)
    records = survey(tmp_path)
    assert [record.is_live for record in records] == [True, False]
    assert names(remove(removable(records, keep=1, now=NOW))) == ["b"]
    assert lately.stat().st_mtime == touched  # looking has not made it look younger


def test_the_last_one_cannot_go(make, tmp_path):
    make("a")
    with pytest.raises(UserError, match="at least one"):
        removable(survey(tmp_path), keep=0)


def test_removal_frees_what_was_said_and_touches_no_stranger(make, tmp_path):
    make("a", days=2)
    kept = make("b", days=1)
    (tmp_path / "notes of mine").mkdir()
    (tmp_path / ".removed-left-behind").mkdir()
    gone = removable(survey(tmp_path), keep=1, now=NOW)
    assert gone[0].n_bytes > 100
    assert remove(gone) == gone
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [kept.name, "notes of mine"]


@pytest.mark.usefixtures("others_live")
def test_a_folder_in_use_stays(make, tmp_path):
    folder = make("a", days=2)
    make("b", days=1)
    gone = removable(survey(tmp_path), keep=1, now=NOW)
    (folder / "lock").write_text('{"host": "elsewhere", "pid": 1, "started": 1.0}')
    assert remove(gone) == ()
    assert folder.exists()


def test_no_folder_of_runs_is_no_run(tmp_path):
    assert survey(tmp_path / "none") == ()

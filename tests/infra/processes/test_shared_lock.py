"""Locks of machines without a common disk: one owner, dead ones are followed, old ones notice."""

import re
import subprocess
import threading
import time
from pathlib import Path
from uuid import uuid4

import pytest

from espalier.infra.processes.model_lock import one_at_a_time
from espalier.infra.processes.postgres_lock import PostgresLock
from espalier.infra.processes.shared_lock import ObjectLock, shared_lock
from espalier.infra.processes.shared_place import open_place
from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError

SCRIPT = Path(__file__).parents[3] / "infra" / "deploy" / "postgres.sh"


@pytest.fixture(params=["memory", "file", "s3"])
def place(request, tmp_path):
    if request.param == "s3":
        return open_place(f"{request.getfixturevalue('bucket')}/runs")
    return open_place(
        f"memory://{uuid4().hex}/runs" if request.param == "memory" else tmp_path.as_uri()
    )


def lock(place, seconds=0.8):
    return ObjectLock(place, "run 1", stale_seconds=seconds)


def test_one_of_many_gets_it(place):
    locks = [lock(place) for _ in range(6)]
    got = []
    threads = [threading.Thread(target=lambda it=it: got.append(it.acquire())) for it in locks]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert got.count(None) == 1
    assert all(re.fullmatch(r"process \d+ on .+", each) for each in got if each is not None)
    assert not any(each.is_lost() for each in locks)  # those that never had it lost nothing
    for each in locks:
        each.release()
    assert lock(place).acquire() is None


def test_a_living_owner_keeps_it_and_a_waiting_one_follows(place):
    first, second = lock(place), lock(place)
    assert first.acquire() is None
    assert second.acquire() is not None
    threading.Timer(0.5, first.release).start()
    assert second.acquire(patience=20) is None
    second.release()


def test_a_silent_owner_is_followed_and_notices(place):
    first, second = lock(place), lock(place)
    assert first.acquire() is None
    first._over.set()  # as a process that is stopped: it beats no more
    assert second.acquire() is None
    assert first.is_lost()
    first.release()  # does not take the other one's away
    assert not second.is_lost()
    assert second.owner()["token"] == second._token
    second.release()


def test_retrainings_of_a_model_wait_for_those_of_other_machines(tmp_path):
    url = f"memory://{uuid4().hex}"
    one, two = (Settings(home=tmp_path / each, runs_url=url) for each in ("one", "two"))
    told = []
    with (
        one_at_a_time("churn", one),
        pytest.raises(UserError, match=r"the retraining of 'churn' by process .* still going on"),
        one_at_a_time("churn", two, wait_seconds=0.1, on_wait=told.append),
    ):
        raise AssertionError("two at once")
    assert told[0].startswith("waiting for the retraining of 'churn' by process")
    with one_at_a_time("churn", two, wait_seconds=0):
        pass


def test_who_shares_nothing_locks_nothing(tmp_path):
    assert shared_lock(Settings(home=tmp_path), "run 1") is None


def test_the_locks_of_a_team_are_in_its_database(tmp_path):
    place = {"home": tmp_path, "runs_url": "memory://x"}
    url = "postgresql+psycopg2://u@h/d"
    assert isinstance(shared_lock(Settings(**place, tracking_uri=url), "a"), PostgresLock)
    assert isinstance(shared_lock(Settings(**place, locks_url=url), "a"), PostgresLock)
    assert isinstance(shared_lock(Settings(**place, tracking_uri="http://h"), "a"), ObjectLock)


@pytest.fixture(scope="module")
def postgres():
    pytest.importorskip("psycopg2", reason="the driver psycopg2 is not installed")
    started = subprocess.run(
        [str(SCRIPT), "start"], capture_output=True, text=True, check=False, timeout=300
    )
    if started.returncode:
        pytest.skip(f"no PostgreSQL: {started.stderr.strip()}")
    variables = dict(re.findall(r"export (\w+)=(\S+)", started.stdout))
    yield variables["MLFLOW_TRACKING_URI"]
    subprocess.run([str(SCRIPT), "stop", variables["POSTGRES_FOLDER"]], check=True)


@pytest.fixture
def database_locks(postgres):
    """Make a machine's lock of this name, in PostgreSQL."""
    shared = open_place(f"memory://{uuid4().hex}")
    return lambda name: PostgresLock(postgres, name, shared)


def lose_connection(lock):
    """End a lock's connection, as a restart of the database or the owner's death does."""
    lock._connection.connection.driver_connection.close()


@pytest.mark.slow
@pytest.mark.postgres
def test_postgresql_frees_the_lock_of_a_killed_process(database_locks):
    first, second = database_locks("run 1"), database_locks("run 1")
    other = database_locks("run 2")
    assert first.acquire() is None
    assert other.acquire() is None
    assert re.fullmatch(r"espalier \d+ on .+", second.acquire())
    assert second.owner()["token"] == first._token
    assert not first.is_lost()
    lose_connection(first)
    end = time.monotonic() + 10
    while second.acquire() is not None:
        assert time.monotonic() < end
    assert first.is_lost()
    assert first.owner()["token"] == second._token
    second.release()
    assert first.is_lost()  # it was followed, though nobody holds it now
    other.release()
    first.release()
    assert first.acquire() is None
    first.release()


@pytest.mark.slow
@pytest.mark.postgres
def test_a_restarted_database_costs_nobody_the_lock(database_locks):
    first, second = database_locks("run 3"), database_locks("run 3")
    assert first.acquire() is None
    lose_connection(first)
    assert not first.is_lost()
    assert second.acquire() is not None
    lose_connection(first)
    assert second.acquire() is None
    second.release()  # it was quick
    assert first.is_lost()


def test_a_beat_that_is_half_written_is_no_lost_lock(tmp_path):
    place = open_place(tmp_path.as_uri())
    first = lock(place, seconds=60.0)
    assert first.acquire() is None
    (tmp_path / first._path).write_bytes(b"")
    assert not first.is_lost()
    place.write(first._path, b'{"token": "other"}')
    assert first.is_lost()
    first.release()


def test_a_file_is_never_seen_half_written(tmp_path):
    place, stop = open_place(tmp_path.as_uri()), threading.Event()

    def write():
        while not stop.is_set():
            place.write("a/b.json", b"x" * 100_000)

    place.write("a/b.json", b"x" * 100_000)
    writer = threading.Thread(target=write)
    writer.start()
    seen = {len(place.read("a/b.json")) for _ in range(200)}
    stop.set()
    writer.join()
    assert seen == {100_000}
    assert list(place.below("a")) == ["b.json"]

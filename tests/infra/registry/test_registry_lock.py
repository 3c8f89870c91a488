"""One owner at a time, whatever happens to the others."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from espalier.infra.registry import registry_lock
from espalier.infra.registry.registry import LOCK_PREFIX, list_models
from espalier.infra.registry.registry_lock import LockLostError, RegistryLock
from espalier.infra.tracking.store import make_client
from espalier.pipelines.errors import EspalierError


@pytest.fixture(scope="module")
def client(stores):
    return make_client(stores)


def leave_a_lock(client, model, **changes):
    """Leave a lock behind as a process that was killed does."""
    owner = {"host": "elsewhere", "pid": 1, "started": 1.0, "at": "long ago", "token": "x"}
    client.create_registered_model(
        LOCK_PREFIX + model, tags={"espalier.lock.owner": json.dumps(owner | changes)}
    )


def test_a_lock_is_gone_afterwards_and_is_no_model(client, stores):
    with RegistryLock(client, "a") as lock:
        lock.check()
        assert all(not each.name.startswith(LOCK_PREFIX) for each in list_models(stores))
        with pytest.raises(EspalierError, match=f"process {os.getpid()}"):
            RegistryLock(client, "a", patience=0.0).acquire()
        with RegistryLock(client, "b"):
            pass  # another model's is another lock
    with RegistryLock(client, "a", patience=0.0):
        pass


def test_the_lock_of_a_dead_process_is_taken_over_at_once(client):
    import socket

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    leave_a_lock(client, "c", host=socket.gethostname(), pid=ended.pid, started=1.0)
    with RegistryLock(client, "c", patience=0.0) as lock:
        lock.check()


def test_a_process_id_that_is_used_again_is_another_process(client):
    import socket

    leave_a_lock(client, "d", host=socket.gethostname(), pid=os.getpid(), started=1.0)
    with RegistryLock(client, "d", patience=0.0):
        pass


def test_a_lock_from_elsewhere_is_watched_first(client, monkeypatch):
    leave_a_lock(client, "e")
    with pytest.raises(EspalierError, match="elsewhere since long ago"):
        RegistryLock(client, "e", patience=0.3).acquire()
    monkeypatch.setattr(registry_lock, "STALE_SECONDS", 0.2)
    with RegistryLock(client, "e", patience=30.0):
        pass


def test_who_lost_the_lock_notices_and_leaves_the_new_one_alone(client, monkeypatch):
    slow = RegistryLock(client, "f")
    slow.acquire()
    client.delete_registered_model(LOCK_PREFIX + "f")
    quick = RegistryLock(client, "f")
    quick.acquire()
    with pytest.raises(LockLostError):
        slow.check()
    slow.release()
    quick.check()
    monkeypatch.setattr(registry_lock, "HELD_SECONDS", 0.0)
    with pytest.raises(LockLostError):
        quick.check()
    quick.release()


def test_threads_take_turns(client):
    inside, most = [], []

    def work(number):
        with RegistryLock(client, "g"):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(6)))
    assert most == [1] * 6

"""A process is known by machine, id and start time, and by nothing less."""

import json
import os
import subprocess
import sys

import psutil
import pytest

from espalier.infra.processes.identity import ProcessIdentity


def test_this_process_is_here_and_lives():
    mine = ProcessIdentity.mine()
    assert mine.pid == os.getpid()
    assert mine.is_here
    assert mine.is_me
    assert mine.is_running
    assert not mine.is_dead
    assert ProcessIdentity.parse(mine.to_dict() | {"since": 3.0}) == mine


def test_a_process_that_ended_is_dead():
    text = "import json; from espalier.infra.processes.identity import ProcessIdentity as P;"
    text += "print(json.dumps(P.mine().to_dict()))"
    said = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    gone = ProcessIdentity.parse(json.loads(said.stdout))
    assert gone.is_dead
    assert not gone.is_running


def test_another_process_with_the_same_id_is_not_it():
    mine = ProcessIdentity.mine()
    earlier = ProcessIdentity(host=mine.host, pid=mine.pid, started=mine.started - 60)
    assert earlier.is_dead
    assert not earlier.is_me


def test_a_zombie_is_dead():
    child = subprocess.Popen(["true"])
    started = psutil.Process(child.pid).create_time()
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    mine = ProcessIdentity.mine()
    assert ProcessIdentity(host=mine.host, pid=child.pid, started=started).is_dead
    child.wait()


def test_of_another_machine_nothing_is_known():
    mine = ProcessIdentity.mine()
    other = ProcessIdentity(host="elsewhere", pid=mine.pid, started=mine.started)
    assert not other.is_here
    assert not other.is_dead
    assert not other.is_running
    assert not other.is_me


@pytest.mark.parametrize(
    "record", [None, [], "x", {}, {"host": "a", "pid": 1}, {"host": "a", "pid": "x", "started": 1}]
)
def test_a_record_that_names_no_process(record):
    assert ProcessIdentity.parse(record) is None

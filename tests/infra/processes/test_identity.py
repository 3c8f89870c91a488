"""A process is known by machine, id and start time, and by nothing less."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

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


def test_setting_the_clock_ends_nobody(monkeypatch):
    mine = ProcessIdentity.mine()
    create_time = psutil.Process.create_time
    monkeypatch.setattr(
        psutil.Process, "create_time", lambda self: create_time(self) + 3600.0, raising=True
    )
    assert mine.is_running
    assert not mine.is_dead


def test_a_container_made_again_has_no_process_of_the_one_before():
    """Nothing is known of it from here, whatever its name was and whoever has its number now."""
    before = replace(ProcessIdentity.mine(), boot="an-earlier-start/pid:[1]")
    assert not before.is_here
    assert not before.is_dead
    assert not before.is_running


def test_a_new_name_of_the_machine_changes_nothing():
    assert replace(ProcessIdentity.mine(), host="renamed").is_me


def test_where_the_system_has_no_id_of_its_start_name_and_clock_decide(monkeypatch):
    monkeypatch.setattr("espalier.infra.processes.boot.boot_id", lambda: "")
    monkeypatch.setattr("espalier.infra.processes.identity.boot_id", lambda: "")
    mine = ProcessIdentity.mine()
    assert mine.boot == ""
    assert mine.started == psutil.Process().create_time()
    assert mine.is_me
    assert replace(mine, started=mine.started - 60).is_dead
    assert not replace(mine, host="elsewhere").is_here


def test_a_record_of_an_older_version_is_still_understood():
    now = psutil.Process().create_time()
    record = {"host": socket.gethostname(), "pid": os.getpid(), "started": now + 1.0}
    assert ProcessIdentity.parse(record).is_me
    assert ProcessIdentity.parse(record | {"started": now - 60.0}).is_dead


def test_a_process_that_ended_is_dead():
    text = "import json; from espalier.infra.processes.identity import ProcessIdentity as P;"
    text += "print(json.dumps(P.mine().to_dict()))"
    said = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    gone = ProcessIdentity.parse(json.loads(said.stdout))
    assert gone.is_dead
    assert not gone.is_running


def test_another_process_with_the_same_id_is_not_it():
    mine = ProcessIdentity.mine()
    earlier = replace(mine, started=mine.started - 1)
    assert earlier.is_dead
    assert not earlier.is_me


def test_a_zombie_is_dead():
    child = subprocess.Popen(["true"])
    started = float(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19])
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert replace(ProcessIdentity.mine(), pid=child.pid, started=started).is_dead
    child.wait()


def test_of_another_machine_nothing_is_known():
    mine = ProcessIdentity.mine()
    other = replace(mine, host="elsewhere", boot="another/pid:[1]")
    assert not other.is_here
    assert not other.is_dead
    assert not other.is_running
    assert not other.is_me


@pytest.mark.parametrize(
    "record", [None, [], "x", {}, {"host": "a", "pid": 1}, {"host": "a", "pid": "x", "started": 1}]
)
def test_a_record_that_names_no_process(record):
    assert ProcessIdentity.parse(record) is None

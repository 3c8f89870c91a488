import os
import subprocess
import sys
from uuid import uuid4

import pytest

from espalier.infra.processes.records import forget_process, note_process, process_records
from espalier.infra.settings import Settings

NOTE = """
import sys
from pathlib import Path
from espalier.infra.processes.records import note_process
from espalier.infra.settings import Settings
note_process(Settings(home=Path(sys.argv[1])), sys.argv[2])
"""


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


def test_this_process_is_alive_until_it_is_forgotten(settings):
    run = str(uuid4())
    note_process(settings, run)
    (record,) = process_records(settings)
    assert record.flow_run_id == run
    assert record.owner.pid == os.getpid()
    assert record.owner.is_here
    assert not record.owner.is_dead
    forget_process(settings, run)
    forget_process(settings, run)
    assert list(process_records(settings)) == []


def test_a_process_that_ended_is_dead(settings, tmp_path):
    subprocess.run([sys.executable, "-c", NOTE, str(tmp_path), "run"], check=True)
    (record,) = process_records(settings)
    assert record.owner.is_dead


def test_of_another_machine_nothing_is_known(settings, tmp_path):
    note_process(settings, "run")
    path = tmp_path / "processes" / "run.json"
    path.write_text(path.read_text().replace('"boot": "', '"boot": "not-'))
    (record,) = process_records(settings)
    assert not record.owner.is_here
    assert not record.owner.is_dead


def test_damaged_notes_are_passed_over(settings, tmp_path):
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "a.json").write_text("{")
    (tmp_path / "processes" / "b.json").write_text("[1]")
    assert list(process_records(settings)) == []

"""When a process started is read from the kernel, whatever the process is called."""

import shutil
import subprocess

import pytest

from espalier.infra.processes.boot import boot_id, clock_start_of, start_of


def test_all_processes_of_a_machine_have_the_same_start_of_it():
    assert boot_id() == boot_id() != ""


def test_a_name_with_brackets_does_not_shift_the_fields(tmp_path):
    program = tmp_path / "a) S (1 2"
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen([program, "60"]) as child:
        with subprocess.Popen(["sleep", "60"]) as other:
            assert 0 <= start_of(other.pid) - start_of(child.pid) < 6_000
            assert clock_start_of(other.pid) > 1e9
            other.kill()
        child.kill()


@pytest.mark.parametrize("of", [start_of, clock_start_of])
def test_a_process_that_is_not_there(of):
    with subprocess.Popen(["true"]) as child:
        pass
    assert of(child.pid) is None

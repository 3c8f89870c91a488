"""A process that was told to end ends, whatever hangs in it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import atexit, threading, time
from espalier.flows.terminal.last_resort import end_on_sigterm
end_on_sigterm({patience})
{hang}
try:
    print("ready", flush=True)
    time.sleep(600)
except KeyboardInterrupt:
    print("in order", flush=True)
"""
HANGS = {
    "a thread that is joined": "threading.Thread(target=time.sleep, args=(600,)).start()",
    "a hook at the end": "atexit.register(time.sleep, 600)",
}


def program(tmp_path, hang, patience):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(hang=hang, patience=patience)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "ESPALIER_HOME": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("name", HANGS)
def test_what_hangs_after_an_orderly_end_is_written_down_and_ended(tmp_path, name):
    with program(tmp_path, HANGS[name], 0.3) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "in order\n")
    assert "it did not end within 0.3 s" in err
    assert "Thread" in (tmp_path / "errors.log").read_text()


def test_what_ends_in_order_is_left_alone(tmp_path):
    with program(tmp_path, "", 600) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=60) == ("in order\n", "")
    assert process.returncode == 0
    assert not (tmp_path / "errors.log").exists()

"""Whoever comes second waits, and a holder that is killed frees the lock."""

import subprocess
import sys
import threading

import pytest

from espalier.infra.processes.file_lock import exclusive

HOLDER = """
import sys, time
from pathlib import Path
from espalier.infra.processes.file_lock import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_it_is_held_until_its_holder_is_gone(tmp_path):
    path = tmp_path / "a folder" / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    inside = threading.Event()

    def wait_for_it():
        with exclusive(path):
            inside.set()

    waiting = threading.Thread(target=wait_for_it)
    waiting.start()
    assert not inside.wait(0.3)
    holder.kill()
    holder.wait()
    assert inside.wait(30)
    waiting.join()


@pytest.mark.parametrize("kind", [OSError, NotImplementedError])
def test_an_error_of_the_block_passes_and_frees_it(tmp_path, kind):
    with pytest.raises(kind, match="of the block"), exclusive(tmp_path / "lock"):
        raise kind("of the block")
    with exclusive(tmp_path / "lock"):
        pass

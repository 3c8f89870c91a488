"""End a process that was told to end and cannot: a thread or a child keeps it.

A command ends in order on SIGTERM: trials are stopped, the run is marked, workers and servers are
closed. Each of these steps has a time limit, but not what libraries do when the interpreter ends:
they join threads and processes, whatever state a long pause of the machine has left these in.
"""

import faulthandler
import os
import signal
import sys
import threading
import time
from types import FrameType

PATIENCE_SECONDS = 90.0
"""Longer than all steps of an orderly end together."""


def end_on_sigterm(patience: float = PATIENCE_SECONDS) -> None:
    """Let SIGTERM end this process as Ctrl-C does, and by force where it is still there later.

    Parameters
    ----------
    patience : float
        Seconds after the first signal. What the threads do then is written into ``errors.log`` of
        the home folder.
    """
    begun = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        if not begun.is_set():
            begun.set()
            threading.Thread(
                target=_end_by_force, args=(patience,), name="last-resort", daemon=True
            ).start()
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGTERM, end)


def _end_by_force(patience: float) -> None:
    """Wait, write down what hangs, and end the process; its children end with their pipes."""
    from espalier.infra.settings import load_settings  # now: nothing is imported at the end

    path = load_settings().home / "errors.log"
    time.sleep(patience)
    try:
        with path.open("a") as log:
            log.write(
                f"{time.strftime('%Y-%m-%d %H:%M:%S')} did not end within {patience:g} s of "
                "SIGTERM; its threads:\n"
            )
            log.flush()
            faulthandler.dump_traceback(log, all_threads=True)
        where = f" (what it was at is in {path})"
    except OSError:
        where = ""
    sys.stderr.write(f"error: it did not end within {patience:g} s, so it was ended{where}\n")
    sys.stderr.flush()
    os._exit(1)

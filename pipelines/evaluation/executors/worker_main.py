"""Main program of a worker process of `ProcessExecutor`: receive a job, send the answer.

Started by `worker_process.WorkerProcess`. Before it reports that it is ready, it imports what every
evaluation needs, so that no trial spends time on that; the library of a model family is imported by
the first trial that uses it.
"""

import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import cloudpickle

from espalier.pipelines.evaluation.executors.run_work import run_work
from espalier.pipelines.evaluation.limits import TrialInterruptedError
from espalier.pipelines.evaluation.trial_context import TrialContext
from espalier.pipelines.resources.interruption import raise_here

STOP_SIGNAL = signal.SIGUSR1 if hasattr(signal, "SIGUSR1") else signal.SIGTERM
READY = "ready"


class _Switch:
    """Signal handler that raises `TrialInterruptedError`, but only while a trial runs."""

    def __init__(self) -> None:
        self.on = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        del number, frame
        if self.on:
            self.on = False
            raise_here(TrialInterruptedError)

    @contextmanager
    def turned_on(self) -> Iterator[None]:
        """Let the signal interrupt the code of the block."""
        try:
            self.on = True
            yield
        finally:
            self.on = False


def main(descriptor: int, context_path: str) -> None:
    """Run the jobs that the parent process sends over a socket, until the socket closes.

    Parameters
    ----------
    descriptor : int
        File descriptor of the socket, inherited from the parent.
    context_path : str
        File with the pickled `TrialContext`.
    """
    os.set_inheritable(descriptor, False)
    connection: Connection[Any, Any] = Connection(descriptor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # only the parent handles Ctrl-C
    switch = _Switch()
    signal.signal(STOP_SIGNAL, switch)
    threading.Thread(target=_leave_with_parent, args=(os.getppid(),), daemon=True).start()
    context: TrialContext = pickle.loads(Path(context_path).read_bytes())
    _silence()
    connection.send_bytes(pickle.dumps(READY))
    while True:
        try:
            work, seconds = pickle.loads(connection.recv_bytes())
        except EOFError:
            return
        answer = run_work(work, context, seconds, switch.turned_on())
        connection.send_bytes(cloudpickle.dumps(answer, protocol=5))


def _silence() -> None:
    """Discard all further output; until here errors go to a file of the parent."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)


def _leave_with_parent(parent: int) -> None:
    """End this process once its parent is gone, even during a fit."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)

"""The parent's handle of a worker process: start it, give it a job, kill it."""

import json
import os
import pickle
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from espalier.pipelines.evaluation.executors.job import GRACE_SECONDS
from espalier.pipelines.evaluation.executors.worker_main import READY, STOP_SIGNAL
from espalier.pipelines.evaluation.executors.workers import (
    Answer,
    Death,
    Report,
    Work,
    WorkerGoneError,
)

_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[3]); "
    "from espalier.pipelines.evaluation.executors.worker_main import main; "
    "main(int(sys.argv[1]), sys.argv[2])"
)
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)
_SIGKILL = 9


class WorkerProcess:
    """A worker process; implements `workers.WorkerHandle`.

    It is a plain subprocess connected by a socket pair. It does not run the user's ``__main__``
    again, so a script needs no ``if __name__ == "__main__"``, and killing one does not affect
    others.

    Parameters
    ----------
    context_path : Path
        File with the pickled context.
    n_threads : int
        Number of threads that native libraries may use.
    errors_path : Path
        File for error output while it starts.

    Attributes
    ----------
    ready : bool
        Whether the process is ready for jobs.
    began : float or None
        When its job began; None before the first job.
    """

    begins_at_once = True

    def __init__(self, context_path: Path, n_threads: int, errors_path: Path) -> None:
        self.ready = False
        self.began: float | None = None
        self._working = False
        self._report: Report | None = None
        self._errors_path = errors_path
        ours, theirs = Pipe()
        self.connection: Connection[Any, Any] = ours
        environment = os.environ | dict.fromkeys(_THREAD_VARIABLES, str(n_threads))
        search_path = json.dumps([entry or os.getcwd() for entry in sys.path])
        with errors_path.open("wb") as errors:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",  # its first imports must not come from the working folder
                    "-c",
                    _BOOT,
                    str(theirs.fileno()),
                    str(context_path),
                    search_path,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=(theirs.fileno(),),
                env=environment,
            )
        theirs.close()

    @property
    def turn(self) -> float | None:
        """When its job began, as nobody else uses the process."""
        return self.began

    @property
    def idle(self) -> bool:
        """Whether the worker can be given a job."""
        return self.ready and not self._working and self._report is None

    @property
    def memory_mb(self) -> float:
        """Resident memory in MiB; 0 if the process is gone."""
        try:
            return float(psutil.Process(self._process.pid).memory_info().rss) / 2**20
        except psutil.Error:
            return 0.0

    @property
    def name(self) -> str:
        """Name of the worker in messages."""
        return f"process {self._process.pid}"

    def start(self, work: Work, seconds: float | None) -> None:
        """Give the worker a job that should end by itself within ``seconds``.

        Raises
        ------
        WorkerGoneError
            The process is gone; `receive` will raise too.
        """
        try:
            self.connection.send_bytes(pickle.dumps((work, seconds), protocol=5))
        except OSError as error:
            raise WorkerGoneError(self.name) from error
        self._working, self.began = True, time.monotonic()

    def receive(self) -> None:
        """Receive a message: that the worker is ready, or the answer that `look` will return.

        Raises
        ------
        EOFError, OSError
            The process is gone.
        """
        answer = pickle.loads(self.connection.recv_bytes())
        if isinstance(answer, str) and answer == READY:
            self.ready = True
        else:
            self._working, self._report = False, Answer(answer)

    def look(self) -> Report | None:
        """Return how the job ended, once; None while it runs."""
        report, self._report = self._report, None
        return report

    def bury(self) -> None:
        """Clean up after a process that has died; `look` then returns its death."""
        status = self.kill(died=True)
        if self._working:
            self._working, self._report = False, _death(status)

    def interrupt(self) -> None:
        """Ask the process to interrupt its job."""
        if self._process.poll() is None:
            self._process.send_signal(STOP_SIGNAL)

    def kill(self, *, died: bool = False) -> int | None:
        """Kill the process and all its child processes.

        Parameters
        ----------
        died : bool
            Whether its socket has closed; its exit status is then waited for.

        Returns
        -------
        int or None
            Exit status if the process ended by itself (negative for a signal), else None.
        """
        try:  # a process that has closed its socket is about to exit
            status = self._process.wait(timeout=1.0 if died else 0.0)
        except subprocess.TimeoutExpired:
            status = None
        if status is None:
            for process in self._family():
                with suppress(psutil.Error):
                    process.kill()
        self._process.wait()
        self.connection.close()
        return status

    def close(self) -> None:
        """Let the process end by itself if it is idle, else kill it."""
        if self.idle:
            self.connection.close()
            try:
                self._process.wait(timeout=GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        else:
            self.kill()

    def last_words(self) -> str:
        """Return the last line of error output from its start; empty without any."""
        try:
            lines = self._errors_path.read_text(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""

    def _family(self) -> list[psutil.Process]:
        try:
            top = psutil.Process(self._process.pid)
            return [*top.children(recursive=True), top]
        except psutil.Error:
            return []


def _death(exit_status: int | None) -> Death:
    """Return the death of a process that was not killed by this one."""
    if exit_status == -_SIGKILL:  # most likely the kernel, when memory is exhausted
        reason = "its process was killed by the system, most likely for memory"
        return Death(reason, of_memory=True)
    return Death(f"its process died with exit status {exit_status}")

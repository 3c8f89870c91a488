"""The job that occupies a Dask worker, and how it is stopped without touching any other.

Several runs may use a worker, one after the other. A job is known by the key of its Dask task:

- It is interrupted (`interrupt`), or its process killed (`kill_process`), by whoever names its key,
  and only while it is the job that runs.
- A worker process runs one job at a time, however many threads it has.
- A job that nobody wants any more stops by itself: its run has cancelled it, or is gone.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from espalier.infra.cluster.job_keys import run_of
from espalier.pipelines.evaluation.executors.job import GRACE_SECONDS
from espalier.pipelines.evaluation.limits import TrialInterruptedError
from espalier.pipelines.resources.interruption import raise_in

_JOB = "espalier_job"
_LOCK = "espalier_lock"
# In a worker's folder: the key of the job that it runs. Its nanny, another process, reads it.
_RECORD = "espalier-job"
_LOOK_SECONDS = 0.5


class UnwantedError(Exception):
    """The task was cancelled before it began; Dask ignores how it ends."""


class WorkerJob:
    """The job that occupies a worker; it can be interrupted while it works.

    Parameters
    ----------
    worker : distributed.Worker
        The worker.
    key : str
        Key of its Dask task.
    """

    def __init__(self, worker: Any, key: str) -> None:
        self.key = key
        self._worker = worker
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._works = False
        self._asked = False

    @property
    def is_wanted(self) -> bool:
        """Whether the scheduler still wants the task: nobody has cancelled it."""
        task = self._worker.state.tasks.get(self.key)
        return task is not None and task.state in ("executing", "long-running")

    def require_wanted(self) -> None:
        """Raise if the task is not wanted any more.

        Raises
        ------
        UnwantedError
            It was cancelled.
        """
        if not self.is_wanted:
            raise UnwantedError(self.key)

    def interrupt(self) -> None:
        """Raise `TrialInterruptedError` in the job's thread if it works."""
        with self._lock:
            if self._works:
                self._asked = True
                raise_in(self._thread, TrialInterruptedError)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Context manager around the work; an interruption that comes after it is dropped."""
        self._works = True
        try:
            yield
        finally:
            with self._lock:
                self._works = False
                if self._asked:
                    raise_in(self._thread, None)

    def watch(self, over: threading.Event) -> None:
        """Stop the job once it is not wanted any more; return when ``over`` is set."""
        while not over.wait(_LOOK_SECONDS):
            if self.is_wanted:
                continue
            self.interrupt()
            if not over.wait(GRACE_SECONDS) and self._worker.nanny and self._runs_alone():
                os._exit(1)  # native code, which hears nothing; the nanny starts another process

    def _runs_alone(self) -> bool:
        """Whether no other program's task runs in this process."""
        keys = [str(task.key) for task in tuple(self._worker.state.executing)]
        return all(run_of(key) is not None for key in keys)  # those of other runs have not begun


@contextmanager
def occupy(worker: Any, key: str) -> Iterator[WorkerJob]:
    """Context manager in which the worker runs this job, and no other one.

    Raises
    ------
    UnwantedError
        The task was cancelled before it could begin.
    """
    job, over = WorkerJob(worker, key), threading.Event()
    lock: threading.Lock = worker.__dict__.setdefault(_LOCK, threading.Lock())
    while not lock.acquire(timeout=_LOOK_SECONDS):
        job.require_wanted()
    try:
        _record(worker, key)
        setattr(worker, _JOB, job)
        threading.Thread(target=job.watch, args=(over,), name="watch-job", daemon=True).start()
        job.require_wanted()
        yield job
    finally:
        over.set()
        setattr(worker, _JOB, None)
        _record(worker, "")
        lock.release()


def interrupt(keys: tuple[str, ...], dask_worker: Any) -> None:
    """Interrupt the running job of this worker if its key is in ``keys``.

    Runs on the worker, in another thread than the job.
    """
    running = getattr(dask_worker, _JOB, None)
    if running is not None and running.key in keys:
        running.interrupt()


def kill_process(address: str, key: str | None, dask_worker: Any) -> bool:
    """Kill the worker process of this nanny if it runs a certain job; the nanny starts a new one.

    Parameters
    ----------
    address : str
        Address of the worker; nothing is done if it has been replaced meanwhile.
    key : str or None
        Key of the job. None to kill the process whatever it does.
    dask_worker : Nanny
        The nanny; passed by Dask.

    Returns
    -------
    bool
        Whether the process was killed.
    """
    pid = dask_worker.pid
    if getattr(dask_worker, "worker_address", None) != address or not pid:
        return False
    kill = getattr(signal, "SIGKILL", signal.SIGTERM)
    if key is None:
        os.kill(pid, kill)
        return True
    with _halted(pid):  # else another job might begin between the look and the kill
        is_it = _recorded(Path(dask_worker.worker_dir)) == key
        if is_it:
            os.kill(pid, kill)
    return is_it


@contextmanager
def _halted(pid: int) -> Iterator[None]:
    """Context manager in which a process does not go on, where the system can do that."""
    halt, go_on = (getattr(signal, name, None) for name in ("SIGSTOP", "SIGCONT"))
    if halt is None or go_on is None:
        yield
        return
    os.kill(pid, halt)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, go_on)


def _record(worker: Any, key: str) -> None:
    """Write down which job the worker runs; without a disk, it cannot be killed by its key."""
    path = Path(worker.local_directory) / _RECORD
    with suppress(OSError):
        partial = path.with_suffix(".new")
        partial.write_text(key)
        partial.replace(path)


def _recorded(folder: Path) -> str:
    try:
        return (folder / _RECORD).read_text()
    except OSError:
        return ""

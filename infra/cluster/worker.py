"""What runs on a Dask worker: one job, with the context kept from job to job."""

import importlib
import pickle
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker

from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.run_work import run_work
from espalier.pipelines.evaluation.executors.workers import Work
from espalier.pipelines.evaluation.limits import TrialInterruptedError
from espalier.pipelines.resources.interruption import raise_in

_CONTEXT = "espalier_context"
_JOB = "espalier_job"


class WarmUp(WorkerPlugin):
    """Makes every worker ready, also those that join late or start anew.

    Parameters
    ----------
    modules : tuple of str
        What every trial needs.
    own : bool
        Whether the worker is a child of this command, and so gets its Ctrl-C, which is for the
        command alone to handle.
    """

    name = "espalier-warm-up"

    def __init__(self, modules: tuple[str, ...], *, own: bool) -> None:
        self._modules = modules
        self._own = own

    def setup(self, worker: Any) -> None:
        """Import the modules in the background."""
        del worker
        if self._own:
            with suppress(ValueError):  # not in the main thread: nothing arrives here then
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(
            target=_import_all, args=(self._modules,), name="warm-up", daemon=True
        ).start()


def _import_all(modules: tuple[str, ...]) -> None:
    for name in modules:
        with suppress(ImportError):  # the trial itself will say what is missing
            importlib.import_module(name)


def run_job(
    work: Work, key: str, topic: str, digest: str, source: str | bytes, seconds: float | None
) -> Any:
    """Return what `run_work` does, with the context that this worker keeps.

    Parameters
    ----------
    work : Trial or MemberJob
        What to do.
    key : str
        The Dask task; `interrupt` knows it by that.
    topic : str
        Where to say that the job has begun: importing and unpacking come before and do not count
        against its seconds.
    digest : str
        Names the context's content.
    source : str or bytes
        File with the pickled context, or its content.
    seconds : float or None
        What the job may take.
    """
    worker = get_worker()
    context = _context(worker, digest, source)
    worker.log_event(topic, {"key": key})
    return run_work(work, context, seconds, _interruptible(worker, key))


def interrupt(keys: tuple[str, ...], dask_worker: Any) -> None:
    """Stop the job that runs here if it is one of ``keys``; runs beside it, on the worker."""
    running = getattr(dask_worker, _JOB, None)
    if running is not None and running.key in keys:
        running.interrupt()


def kill_process(address: str, dask_worker: Any) -> None:
    """End the worker process below this nanny at once; the nanny starts a new one.

    Parameters
    ----------
    address : str
        The worker that is meant: it may have died by itself and have a successor by now.
    dask_worker : Nanny
        Given by Dask.
    """
    import os

    if getattr(dask_worker, "worker_address", None) == address and dask_worker.pid:
        os.kill(dask_worker.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


class _RunningJob:
    """The thread of a job, which can be interrupted until the job is over."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._over = False
        self._asked = False

    def interrupt(self) -> None:
        """Raise `TrialInterruptedError` in the job's thread."""
        with self._lock:
            if not self._over:
                self._asked = True
                raise_in(self._thread, TrialInterruptedError)

    def end(self) -> None:
        """Say that the job is over: what was asked for and has not arrived must not hit later."""
        with self._lock:
            self._over = True
            if self._asked:
                raise_in(self._thread, None)


@contextmanager
def _interruptible(worker: Any, key: str) -> Iterator[None]:
    running = _RunningJob(key)
    setattr(worker, _JOB, running)
    try:
        yield
    finally:
        running.end()
        setattr(worker, _JOB, None)


def _context(worker: Any, digest: str, source: str | bytes) -> EvaluationContext:
    """Return the context, unpacked once a worker; only the newest is kept."""
    kept: tuple[str, EvaluationContext] | None = getattr(worker, _CONTEXT, None)
    if kept is None or kept[0] != digest:
        setattr(worker, _CONTEXT, None)  # let go of the old one before the new one is unpacked
        if isinstance(source, str):
            with Path(source).open("rb") as file:  # arrays are read into their place
                kept = (digest, pickle.load(file))
        else:
            kept = (digest, pickle.loads(source))
        setattr(worker, _CONTEXT, kept)
    return kept[1]

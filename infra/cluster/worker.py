"""Code that runs on a Dask worker: run a job, interrupt it, kill the worker process."""

import importlib
import os
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
    """Prepares every worker, also those that join late or are restarted.

    Parameters
    ----------
    modules : tuple of str
        Names of modules that every trial imports.
    own : bool
        Whether the worker is a child of this command. It then receives Ctrl-C too, and ignores
        it: only the command handles it.
    """

    name = "espalier-warm-up"

    def __init__(self, modules: tuple[str, ...], *, own: bool) -> None:
        self._modules = modules
        self._own = own

    def setup(self, worker: Any) -> None:
        """Ignore Ctrl-C on local workers, and import the modules in the background."""
        del worker
        if self._own:
            with suppress(ValueError):  # not in the main thread, which alone gets signals
                signal.signal(signal.SIGINT, signal.SIG_IGN)
        threading.Thread(
            target=_import_all, args=(self._modules,), name="warm-up", daemon=True
        ).start()


def _import_all(modules: tuple[str, ...]) -> None:
    for name in modules:
        with suppress(ImportError):  # the trial will report what is missing
            importlib.import_module(name)


def run_job(
    work: Work, key: str, topic: str, digest: str, source: str | bytes, seconds: float | None
) -> Any:
    """Run a job with the context cached on this worker; return the result of `run_work`.

    Parameters
    ----------
    work : Trial or MemberJob
        The trial to evaluate, or the member to fit.
    key : str
        Key of the Dask task, by which `interrupt` identifies the job.
    topic : str
        Dask event topic on which the job reports that it has begun. Importing and unpacking come
        before and do not count towards its seconds.
    digest : str
        Digest of the context, by which it is cached.
    source : str or bytes
        Path of the pickled context, or its bytes.
    seconds : float or None
        Time limit of the job; None for no limit.
    """
    worker = get_worker()
    context = _context(worker, digest, source)
    worker.log_event(topic, {"key": key})
    return run_work(work, context, seconds, _interruptible(worker, key))


def interrupt(keys: tuple[str, ...], dask_worker: Any) -> None:
    """Interrupt the running job of this worker if its key is in ``keys``.

    Runs on the worker, in another thread than the job.
    """
    running = getattr(dask_worker, _JOB, None)
    if running is not None and running.key in keys:
        running.interrupt()


def kill_process(address: str, dask_worker: Any) -> None:
    """Kill the worker process of this nanny at once; the nanny starts a new one.

    Parameters
    ----------
    address : str
        Address of the worker to kill; nothing is done if it has been replaced meanwhile.
    dask_worker : Nanny
        The nanny; passed by Dask.
    """
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
        """Mark the job as over, and cancel an interruption that has not arrived yet."""
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
    """Return the context; each worker unpickles it once and keeps only the newest."""
    kept: tuple[str, EvaluationContext] | None = getattr(worker, _CONTEXT, None)
    if kept is None or kept[0] != digest:
        setattr(worker, _CONTEXT, None)  # free the old one before the new one is unpickled
        if isinstance(source, str):
            with Path(source).open("rb") as file:  # reads arrays without a second copy
                kept = (digest, pickle.load(file))
        else:
            kept = (digest, pickle.loads(source))
        setattr(worker, _CONTEXT, kept)
    return kept[1]

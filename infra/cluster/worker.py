"""Code that runs on a Dask worker: prepare it, and run a job."""

import importlib
import pickle
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker

from espalier.infra.cluster.worker_job import occupy
from espalier.pipelines.evaluation.executors.run_work import run_work
from espalier.pipelines.evaluation.executors.workers import Work
from espalier.pipelines.evaluation.trial_context import TrialContext

_CONTEXT = "espalier_context"


class IgnoreInterrupts(WorkerPlugin):
    """Lets a worker that is a child of this command ignore Ctrl-C.

    The terminal sends it to the workers too; only the command handles it. It is a plugin of its
    own because a scheduler keeps one plugin of each name: whoever connects by address to this
    command's scheduler registers `WarmUp` once more, and must not undo this for workers that
    start later.
    """

    name = "espalier-ignore-interrupts"

    def setup(self, worker: Any) -> None:
        """Ignore the signal, if the worker runs in its process's main thread."""
        del worker
        with suppress(ValueError):  # not in the main thread, which alone gets signals
            signal.signal(signal.SIGINT, signal.SIG_IGN)


class WarmUp(WorkerPlugin):
    """Imports modules on every worker, also on those that join late or are restarted.

    Parameters
    ----------
    modules : tuple of str
        Names of modules that every trial imports.
    """

    name = "espalier-warm-up"

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._modules = modules

    def setup(self, worker: Any) -> None:
        """Import the modules in the background."""
        del worker
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
        Key of the Dask task, by which the job is stopped (`worker_job`).
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
    with occupy(worker, key) as job:
        context = _context(worker, digest, source)
        job.require_wanted()
        worker.log_event(topic, {"key": key, "worker": worker.address})
        return run_work(work, context, seconds, job.interruptible())


def all_see(client: Any, folder: Path) -> bool:
    """Whether all workers of a client see a folder of this machine, as on a disk they share."""
    try:
        seen = client.run(_sees, str(folder), on_error="ignore")
    except Exception:  # whatever is wrong with the scheduler, the trials will say it
        return True
    return all(seen.values())


def _sees(folder: str) -> bool:
    return Path(folder).is_dir()


def _context(worker: Any, digest: str, source: str | bytes) -> TrialContext:
    """Return the context; each worker unpickles it once and keeps only the newest."""
    kept: tuple[str, TrialContext] | None = getattr(worker, _CONTEXT, None)
    if kept is None or kept[0] != digest:
        setattr(worker, _CONTEXT, None)  # free the old one before the new one is unpickled
        if isinstance(source, str):
            with Path(source).open("rb") as file:  # reads arrays without a second copy
                kept = (digest, pickle.load(file))
        else:
            kept = (digest, pickle.loads(source))
        setattr(worker, _CONTEXT, kept)
    return kept[1]

"""Dask workers for a `JobPool`: each is addressed directly and has one job at a time.

Each job is a Dask task pinned to one worker, so that it is known which worker to stop. If a worker
dies, the future of its job ends in one of several ways (an error, a cancellation, or no news, as
the address never comes back): `DaskWorker.look` tells them apart.

Only the jobs of this pool are known here. To take jobs of other users of the scheduler into
account, change `DaskWorkerSet.free`: it alone decides which workers may get a job.
"""

import queue
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from espalier.infra.cluster import worker as dask_worker
from espalier.infra.cluster.roster import WorkerRoster
from espalier.infra.cluster.shared_context import SharedContext
from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.evaluate import short_error
from espalier.pipelines.evaluation.executors.workers import (
    Answer,
    Death,
    Loss,
    Refusal,
    Report,
    Work,
    WorkerHandle,
)
from espalier.pipelines.trials.trial import Trial

if TYPE_CHECKING:
    from distributed import Client


class DaskWorkerSet:
    """The workers of a client; implements `executors.workers.WorkerSet`.

    Parameters
    ----------
    client : Client
        A connected client; its workers may join and leave.
    shared : SharedContext
        The evaluation context for the jobs; closed together with the set.
    patience_seconds : float
        How long to wait for a worker if there is none.
    """

    def __init__(
        self, client: "Client", shared: SharedContext, *, patience_seconds: float = 120.0
    ) -> None:
        self.client = client
        self.shared = shared
        self.roster = WorkerRoster(client, patience_seconds)
        self.topic = f"espalier-{uuid4().hex}"
        self._working: dict[str, DaskWorker] = {}
        self._wake: queue.SimpleQueue[str] = queue.SimpleQueue()
        client.subscribe_topic(self.topic, self._job_began)

    @property
    def n_workers(self) -> int:
        """Number of workers, at least 1."""
        return max(1, len(self.roster.workers))

    @property
    def on_this_machine(self) -> bool:
        """Whether all workers are on this machine."""
        return self.shared.is_local

    def free(self) -> Sequence["DaskWorker"]:
        """Return the workers that have no job of this pool and are not being stopped.

        Raises
        ------
        WorkerLostError
            There has been no worker for too long, or the scheduler does not answer.
        """
        self.roster.refresh()
        taken = {worker.name for worker in self._working.values()} | self.roster.dying
        return [DaskWorker(self, name) for name in self.roster.workers if name not in taken]

    def wait(self, seconds: float) -> None:
        """Wait until a job may have ended, ``seconds`` at most.

        Raises
        ------
        WorkerLostError
            There has been no worker for too long, or the scheduler does not answer.
        """
        with suppress(queue.Empty):
            key = self._wake.get(timeout=seconds) if seconds > 0 else self._wake.get_nowait()
            # Skip notifications of jobs that have ended already.
            while key not in self._working:
                key = self._wake.get_nowait()
        self.roster.refresh()

    def interrupt(self, workers: Sequence[WorkerHandle]) -> None:
        """Ask workers to interrupt their jobs, with one message to all."""
        asked = [
            (key, worker.name)
            for key, worker in self._working.items()
            if worker in workers and worker.name in self.roster.workers
        ]
        if asked:
            keys, names = zip(*asked, strict=True)
            self.roster.tell(dask_worker.interrupt, keys, workers=sorted(set(names)))

    def kill(self, worker: WorkerHandle) -> None:
        """Kill a worker's process, which its nanny restarts; drop its job if it has one."""
        if isinstance(worker, DaskWorker):
            worker.drop_job()
        self.roster.stop(worker.name)

    def close(self) -> None:
        """Kill the workers that have a job of this pool, no others; may be called twice."""
        for worker in tuple(self._working.values()):
            self.kill(worker)
        self.roster.await_deaths()
        with suppress(ValueError, OSError):  # closed already
            self.client.unsubscribe_topic(self.topic)
        self.shared.close()

    def enlist(self, worker: "DaskWorker", key: str) -> None:
        """Record that a worker has the task with this key."""
        self._working[key] = worker

    def discharge(self, key: str) -> None:
        """Record that the task with this key is over."""
        self._working.pop(key, None)

    def wake(self, key: str) -> None:
        """Make `wait` return, as a task has changed; may be called from any thread."""
        self._wake.put(key)

    def _job_began(self, event: tuple[float, Any]) -> None:
        """Handle the event that a job has begun; runs in a thread of the client."""
        worker = self._working.get(event[1]["key"])
        if worker is not None:
            worker.began = time.monotonic()


class DaskWorker:
    """A Dask worker with a single job; implements `executors.workers.WorkerHandle`.

    Parameters
    ----------
    workers : DaskWorkerSet
        The set that the worker belongs to.
    name : str
        Address of the worker.

    Attributes
    ----------
    began : float or None
        When the worker reported that the job has begun; None before that.
    memory_mb : None
        Not measured here: the nanny of the worker limits its memory.
    """

    memory_mb: float | None = None

    def __init__(self, workers: DaskWorkerSet, name: str) -> None:
        self.name = name
        self.began: float | None = None
        self._workers = workers
        self._key = ""
        self._future: Any = None

    def start(self, work: Work, seconds: float | None) -> None:
        """Submit a job that should end by itself within ``seconds`` after it begins.

        Raises
        ------
        WorkerLostError
            The scheduler does not answer.
        """
        label = f"trial-{work.number}" if isinstance(work, Trial) else f"member-{work.trial_number}"
        key, shared = f"{label}-{uuid4().hex}", self._workers.shared
        self._workers.enlist(self, key)
        try:
            self._future = self._workers.client.submit(
                dask_worker.run_job,
                work,
                key,
                self._workers.topic,
                shared.digest,
                shared.source,
                seconds,
                key=key,
                workers=[self.name],
                allow_other_workers=False,
                pure=False,
                retries=0,
            )
        except Exception as error:
            self._workers.discharge(key)
            raise WorkerLostError(f"the Dask scheduler does not answer: {error}") from error
        self._key = key
        self._future.add_done_callback(lambda _: self._workers.wake(key))

    def look(self) -> Report | None:
        """Return how the job ended, once; None while it runs."""
        report = self._report()
        if report is not None:
            self._workers.discharge(self._key)
        if isinstance(report, Death | Loss):  # the set of workers may have changed
            self._workers.roster.doubt()
        return report

    def drop_job(self) -> None:
        """Cancel the job and forget it."""
        self._future.cancel()
        self._workers.discharge(self._key)

    def _report(self) -> Report | None:
        status = self._future.status
        if status == "finished":
            return self._answer()
        if status == "error":
            return self._failure(self._future.exception())
        if status in ("cancelled", "lost"):
            return Loss("its data were lost")
        if self.name not in self._workers.roster.workers:
            self._future.cancel()
            return Loss("its worker left") if self.began is None else self._death()
        return None

    def _answer(self) -> Report | None:
        try:
            return Answer(self._future.result(timeout=30))
        except TimeoutError:  # the worker has died with the answer; Dask runs the job again
            return None
        except Exception as error:
            return self._failure(error)

    def _failure(self, error: BaseException) -> Report:
        from distributed import CancelledError, KilledWorker

        if isinstance(error, KilledWorker):
            return self._death()
        if isinstance(error, CancelledError) or self._workers.shared.lost:
            return Loss("its data were lost")
        return Refusal(short_error(error))

    def _death(self) -> Death:
        if self._workers.roster.ended_for_memory(self.name):
            reason = "its worker was ended for using more memory than its limit"
            return Death(reason, of_memory=True, certain=True)
        return Death("its worker died while running it")

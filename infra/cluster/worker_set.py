"""Dask's workers as the job pool wants them: each addressed directly, with one job at a time.

Each job is one Dask task pinned to one worker, so that it is known where a job runs and whom to
stop. A worker that dies takes its job's future along in one of several ways (an error, a
cancellation, or silence, as its address never comes back): `DaskWorker.look` tells them apart.

Only our own jobs are known here. What other people run on the same scheduler belongs into
`DaskWorkerSet.free`: the one place that says who may be given a job.
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
        Connected; workers may come and go.
    shared : SharedContext
        What jobs need; closed together with the set.
    patience_seconds : float
        How long to wait for a worker when there is none.
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
        """Workers there are, at least 1."""
        return max(1, len(self.roster.workers))

    @property
    def on_this_machine(self) -> bool:
        """Whether all workers are on this machine."""
        return self.shared.is_local

    def free(self) -> Sequence["DaskWorker"]:
        """Return the workers without a job of ours that are not about to die.

        Raises
        ------
        WorkerLostError
            There has been no worker for too long, or there is no scheduler any more.
        """
        self.roster.refresh()
        taken = {worker.name for worker in self._working.values()} | self.roster.dying
        return [DaskWorker(self, name) for name in self.roster.workers if name not in taken]

    def wait(self, seconds: float) -> None:
        """Wait until a job may have ended, ``seconds`` at most.

        Raises
        ------
        WorkerLostError
            There has been no worker for too long, or there is no scheduler any more.
        """
        with suppress(queue.Empty):
            key = self._wake.get(timeout=seconds) if seconds > 0 else self._wake.get_nowait()
            # A job of an earlier life says nothing about the ones that run now.
            while key not in self._working:
                key = self._wake.get_nowait()
        self.roster.refresh()

    def interrupt(self, workers: Sequence[WorkerHandle]) -> None:
        """Ask workers to give their jobs up, all with one message."""
        asked = [
            (key, worker.name)
            for key, worker in self._working.items()
            if worker in workers and worker.name in self.roster.workers
        ]
        if asked:
            keys, names = zip(*asked, strict=True)
            self.roster.tell(dask_worker.interrupt, keys, workers=sorted(set(names)))

    def kill(self, worker: WorkerHandle) -> None:
        """End a worker's process, which its nanny starts anew; drop its job if it has one."""
        if isinstance(worker, DaskWorker):
            worker.drop_job()
        self.roster.stop(worker.name)

    def close(self) -> None:
        """Kill the workers with a job of ours; all others stay. May be called twice."""
        for worker in tuple(self._working.values()):
            self.kill(worker)
        self.roster.await_deaths()
        with suppress(ValueError, OSError):  # closed already
            self.client.unsubscribe_topic(self.topic)
        self.shared.close()

    def enlist(self, worker: "DaskWorker", key: str) -> None:
        """Note that a worker is given the task of that key."""
        self._working[key] = worker

    def discharge(self, key: str) -> None:
        """Note that the task of that key is over."""
        self._working.pop(key, None)

    def wake(self, key: str) -> None:
        """End `wait`, on whatever thread: something has happened to a task."""
        self._wake.put(key)

    def _job_began(self, event: tuple[float, Any]) -> None:
        """Take what a worker says (on the client's own thread)."""
        worker = self._working.get(event[1]["key"])
        if worker is not None:
            worker.began = time.monotonic()


class DaskWorker:
    """One worker with one job, then done with; implements `executors.workers.WorkerHandle`.

    Parameters
    ----------
    workers : DaskWorkerSet
        The set it belongs to.
    name : str
        Its address.

    Attributes
    ----------
    began : float or None
        When work on its job began, as it has said; None before that.
    memory_mb : None
        Its nanny watches that.
    """

    memory_mb: float | None = None

    def __init__(self, workers: DaskWorkerSet, name: str) -> None:
        self.name = name
        self.began: float | None = None
        self._workers = workers
        self._key = ""
        self._future: Any = None

    def start(self, work: Work, seconds: float | None) -> None:
        """Submit a job that is to end by itself within ``seconds`` of its begin.

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
                dask_worker.run_job, work, key, self._workers.topic, shared.digest, shared.source,
                seconds, key=key, workers=[self.name], allow_other_workers=False, pure=False,
                retries=0,
            )  # fmt: skip
        except Exception as error:
            self._workers.discharge(key)
            raise WorkerLostError(f"the Dask scheduler does not answer: {error}") from error
        self._key = key
        self._future.add_done_callback(lambda _: self._workers.wake(key))

    def look(self) -> Report | None:
        """Return what came of its job, once; None while it works."""
        report = self._report()
        if report is not None:
            self._workers.discharge(self._key)
        if isinstance(report, Death | Loss):  # there may be other workers by now
            self._workers.roster.doubt()
        return report

    def drop_job(self) -> None:
        """Forget its job."""
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

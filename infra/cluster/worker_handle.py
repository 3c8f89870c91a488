"""A Dask worker with a job of this run: submit it, learn how it ended, take it back."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from espalier.infra.cluster import worker as dask_worker
from espalier.infra.cluster.job_keys import job_key
from espalier.infra.cluster.roster import WorkerRoster
from espalier.infra.cluster.shared_context import SharedContext
from espalier.infra.cluster.worker_job import UnwantedError
from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.executors.workers import (
    Answer,
    Death,
    Loss,
    Refusal,
    Report,
    Work,
    WorkerGoneError,
)
from espalier.pipelines.evaluation.naming import short_error

if TYPE_CHECKING:
    from distributed import Client


@dataclass(frozen=True, kw_only=True)
class DaskJobs:
    """What the jobs of a run have in common, and which of them are on a worker.

    Attributes
    ----------
    client : Client
        A connected client.
    shared : SharedContext
        The evaluation context for the jobs.
    roster : WorkerRoster
        The workers of the client.
    run : str
        Mark of the run (`job_keys`).
    topic : str
        Dask event topic on which jobs report that they have begun.
    working : dict
        The workers that have a job, by the key of its task.
    wake : callable
        Called, in any thread, with the key of a task that has changed.
    """

    client: "Client"
    shared: SharedContext
    roster: WorkerRoster
    run: str
    topic: str
    working: "dict[str, DaskWorker]"
    wake: Callable[[str], None]


class DaskWorker:
    """A Dask worker with a single job; implements `executors.workers.WorkerHandle`.

    Parameters
    ----------
    jobs : DaskJobs
        The jobs of the run.
    name : str
        Address of the worker.

    Attributes
    ----------
    key : str
        Key of the job's task; empty without a job.
    began : float or None
        When the worker reported that the job has begun; None before that.
    turn : float or None
        Since when no job of another run comes before it.
    memory_mb : None
        Not measured here: the nanny of the worker limits its memory.
    """

    begins_at_once = False
    memory_mb: float | None = None

    def __init__(self, jobs: DaskJobs, name: str) -> None:
        self.name = name
        self.key = ""
        self.began: float | None = None
        self.turn: float | None = None
        self._jobs = jobs
        self._future: Any = None
        self._work: tuple[Work, float | None] | None = None
        self._before: frozenset[str] | None = None
        self._submitted = 0.0

    @property
    def waits(self) -> bool:
        """Whether jobs of others come first, as far as is known."""
        return self.began is None and bool(self._before)

    def start(self, work: Work, seconds: float | None) -> None:
        """Submit a job that should end by itself within ``seconds`` after it begins.

        Raises
        ------
        WorkerGoneError
            No worker is left.
        WorkerLostError
            The scheduler does not answer.
        """
        self._work = work, seconds
        key, jobs = job_key(work, self._jobs.run), self._jobs
        jobs.working[key] = self
        try:
            self._future = jobs.client.submit(
                dask_worker.run_job,
                work,
                key,
                jobs.topic,
                jobs.shared.digest,
                jobs.shared.source,
                seconds,
                key=key,
                workers=[self.name],
                allow_other_workers=False,
                pure=False,
                retries=0,
            )
        except Exception as error:
            del jobs.working[key]
            jobs.roster.refresh(now=True)  # raises if the scheduler does not answer
            if not jobs.roster.workers:
                raise WorkerGoneError(self.name) from error
            raise WorkerLostError(f"the Dask scheduler does not answer: {error}") from error
        self.key, self._before, self._submitted = key, None, time.monotonic()
        self._future.add_done_callback(lambda _: jobs.wake(key))

    def notice(self, others: frozenset[str], asked: float) -> None:
        """Learn which tasks of others are on the worker, and so whether it is the job's turn.

        Those that were there when the job came are before it.

        Parameters
        ----------
        others : frozenset of str
            Keys of the tasks.
        asked : float
            When the scheduler was asked for them.
        """
        if asked < self._submitted:
            return
        self._before = others if self._before is None else self._before & others
        if self._before:
            self.turn = None
        elif self.turn is None:
            self.turn = time.monotonic()

    def move(self, worker: str) -> None:
        """Give a job that waits for others to another worker instead.

        Raises
        ------
        WorkerGoneError, WorkerLostError
            As in `start`; the job stays where it is.
        """
        assert self._work is not None
        before, name, key, future = self._before, self.name, self.key, self._future
        self.name = worker
        try:
            self.start(*self._work)
        except (WorkerGoneError, WorkerLostError):
            self.name, self.key, self._future, self._before = name, key, future, before
            raise
        # Taken back only now, so that the run has a job in a queue at any moment.
        future.cancel()
        self._jobs.working.pop(key, None)
        self._jobs.roster.stop(name, key, begun=False)  # it may have begun just now

    def look(self) -> Report | None:
        """Return how the job ended, once; None while it runs."""
        report = self._report()
        if report is not None:
            self._jobs.working.pop(self.key, None)
        if isinstance(report, Death | Loss):  # the set of workers may have changed
            self._jobs.roster.doubt()
        return report

    def drop_job(self) -> None:
        """Cancel the job and forget it."""
        self._future.cancel()
        self._jobs.working.pop(self.key, None)

    def _report(self) -> Report | None:
        status = self._future.status
        if status == "finished":
            return self._answer()
        if status == "error":
            return self._failure(self._future.exception())
        if status in ("cancelled", "lost"):
            return self._loss("its data were lost")
        if self.name not in self._jobs.roster.workers:
            self._future.cancel()
            return self._loss("its worker left") if self.began is None else self._death()
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
            # Dask blames all tasks of the worker, also those in its queue.
            return self._loss("its worker left") if self.waits else self._death()
        if isinstance(error, CancelledError | UnwantedError) or self._jobs.shared.lost:
            return self._loss("its data were lost")
        return Refusal(short_error(error))

    def _loss(self, reason: str) -> Loss:
        return Loss(reason, waited=self.waits)

    def _death(self) -> Death:
        if self._jobs.roster.ended_for_memory(self.name):
            reason = "its worker was ended for using more memory than its limit"
            return Death(reason, of_memory=True, certain=True)
        return Death("its worker died while running it")

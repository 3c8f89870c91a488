"""A job for a worker: waiting, running and ended."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from espalier.pipelines.evaluation.executors.workers import Work, WorkerHandle
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import Trial

# After its limit, work has at least this long to end by itself, with a partial result.
GRACE_SECONDS = 1.0
_GRACE_SHARE, _GRACE_AT_MOST = 0.05, 5.0
# Importing and unpacking the context on a slow, busy machine, once it is the job's turn.
_BEGIN_SECONDS = 120.0


def grace_seconds(limit: float) -> float:
    """Return how long after its limit a job may still end by itself."""
    return max(GRACE_SECONDS, min(_GRACE_SHARE * limit, _GRACE_AT_MOST))


def limit_within(work: Work, deadline: Deadline) -> float | None:
    """Return the seconds until the own limit or the deadline, the earlier one; None for neither."""
    own = work.seconds_limit if isinstance(work, Trial) else None
    left = deadline.seconds_left
    limit = left if own is None else min(own, left)
    return None if limit == float("inf") else max(limit, 0.0)


def describe(work: Work) -> str:
    """Return how work is called in messages."""
    if isinstance(work, Trial):
        return f"trial {work.number}"
    return f"the refit of trial {work.trial_number}"


class JobEnding(StrEnum):
    """How a job ended."""

    ANSWERED = "answered"  # the worker answered; the answer may be that the trial failed
    TIMED_OUT = "timed out"  # its process was killed after its time limit
    OUT_OF_MEMORY = "out of memory"  # its process was killed for its memory
    WORKER_LOST = "worker lost"  # its worker died, or was lost, too often
    NOT_RUNNABLE = "not runnable"  # the worker could not even begin to work on it
    STOPPED = "stopped"  # its process was killed, as the answer is no longer needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work for a worker, and how often it was tried.

    Attributes
    ----------
    work : Trial or MemberJob
        The trial to evaluate, or the member to fit.
    starts : int
        Number of times it was given to a worker, without starts that say nothing about it.
    deaths : int
        Number of workers that died while running it.
    """

    work: Work
    starts: int = 0
    deaths: int = 0

    def started(self) -> Self:
        """Return the job with one more start."""
        return replace(self, starts=self.starts + 1)

    def not_started(self) -> Self:
        """Return the job as it was before its last start, which says nothing about it."""
        return replace(self, starts=self.starts - 1)

    def died(self) -> Self:
        """Return the job with one more death of a worker."""
        return replace(self, deaths=self.deaths + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """Result of a job.

    Attributes
    ----------
    work : Trial or MemberJob
        The trial, or the member to fit.
    ending : JobEnding
        How it ended.
    answer : object
        The trial's outcome or the member's model; None unless the worker answered.
    reason : str
        Why the job ended, as text; empty if the worker answered.
    seconds : float
        Seconds since the worker began.
    worker : str
        Name of the worker.
    """

    work: Work
    ending: JobEnding
    answer: Any = None
    reason: str = ""
    seconds: float = 0.0
    worker: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RunningJob:
    """A job that a worker has been given.

    Attributes
    ----------
    job : Job
        The job.
    worker : WorkerHandle
        The worker that has it.
    limit : float or None
        Time limit in seconds, from when the worker began; None for no limit.
    """

    job: Job
    worker: WorkerHandle
    limit: float | None

    @property
    def has_begun(self) -> bool:
        """Whether the worker has begun."""
        return self.worker.began is not None

    def seconds(self, now: float) -> float:
        """Return the seconds since the worker began; 0 before that."""
        return 0.0 if self.worker.began is None else now - self.worker.began

    def seconds_to_kill(self, now: float) -> float:
        """Return the seconds until the job must be stopped; infinite without a limit.

        A job may wait for those of other users as long as it takes; once its turn has come, it must
        begin within two minutes.
        """
        if self.worker.began is None:
            turn = self.worker.turn
            return float("inf") if turn is None else turn + _BEGIN_SECONDS - now
        if self.limit is None:
            return float("inf")
        return self.limit + grace_seconds(self.limit) - self.seconds(now)

    def result(
        self, now: float, ending: JobEnding, reason: str = "", *, answer: object = None
    ) -> JobResult:
        """Return the result of the job, which has ended."""
        return JobResult(
            work=self.job.work,
            ending=ending,
            answer=answer,
            reason=reason,
            seconds=self.seconds(now),
            worker=self.worker.name,
        )

"""A job for a worker: waiting, running and ended."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from espalier.pipelines.evaluation.executors.workers import Work, WorkerHandle

# After its limit, work has at least this long to end by itself, with a partial result.
GRACE_SECONDS = 1.0
_GRACE_SHARE, _GRACE_AT_MOST = 0.05, 5.0
# Importing and unpacking the context on a slow, busy machine.
_BEGIN_SECONDS = 120.0


def grace_seconds(limit: float) -> float:
    """Return how long after its limit a job may still end by itself."""
    return max(GRACE_SECONDS, min(_GRACE_SHARE * limit, _GRACE_AT_MOST))


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
        Number of times it was given to a worker.
    deaths : int
        Number of workers that died while running it.
    """

    work: Work
    starts: int = 0
    deaths: int = 0

    def started(self) -> Self:
        """Return the job with one more start."""
        return replace(self, starts=self.starts + 1)

    def died(self) -> Self:
        """Return the job with one more death of a worker."""
        return replace(self, deaths=self.deaths + 1)


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
    given : float
        When it was given to the worker, on the pool's clock.
    """

    job: Job
    worker: WorkerHandle
    limit: float | None
    given: float

    def seconds(self, now: float) -> float:
        """Return the seconds since the worker began; 0 before that."""
        return 0.0 if self.worker.began is None else now - self.worker.began

    def seconds_to_kill(self, now: float) -> float:
        """Return the seconds until the worker must be killed; infinite without a limit."""
        if self.worker.began is None:
            return self.given + _BEGIN_SECONDS - now
        if self.limit is None:
            return float("inf")
        return self.limit + grace_seconds(self.limit) - self.seconds(now)


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

"""A job for a worker: while it waits, while it runs, and how it ended."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from espalier.pipelines.evaluation.executors.workers import Work, WorkerHandle

# Work gets this much longer than its limit to end by itself, with what it has.
GRACE_SECONDS = 1.0
_GRACE_SHARE, _GRACE_AT_MOST = 0.05, 5.0
# Importing and unpacking the context on a slow, busy machine.
_BEGIN_SECONDS = 120.0


def grace_seconds(limit: float) -> float:
    """Return how long after its limit a job may still end by itself."""
    return max(GRACE_SECONDS, min(_GRACE_SHARE * limit, _GRACE_AT_MOST))


class JobEnding(StrEnum):
    """How a job ended."""

    ANSWERED = "answered"  # the worker gave an answer, which may say that the trial failed
    TIMED_OUT = "timed out"  # its process was killed, as its time was up
    OUT_OF_MEMORY = "out of memory"  # its process was killed for its memory, by whomever
    WORKER_LOST = "worker lost"  # its worker died, or was lost, too often
    NOT_RUNNABLE = "not runnable"  # the worker could not even begin to work on it
    STOPPED = "stopped"  # its process was killed, as nobody waits for the answer any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done, and how often that was tried.

    Attributes
    ----------
    work : Trial or MemberJob
        What is to be done.
    starts : int
        How often it was given to a worker.
    deaths : int
        How often a worker died with it.
    """

    work: Work
    starts: int = 0
    deaths: int = 0

    def started(self) -> Self:
        """Return the job, given to a worker once more."""
        return replace(self, starts=self.starts + 1)

    def died(self) -> Self:
        """Return the job after a worker died with it."""
        return replace(self, deaths=self.deaths + 1)


@dataclass(frozen=True, slots=True, eq=False)
class RunningJob:
    """A job that was given to a worker.

    Attributes
    ----------
    job : Job
        The job.
    worker : WorkerHandle
        Who works on it.
    limit : float or None
        Seconds it may take, from when the worker began; None for no limit.
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
        """Return the seconds until only killing helps; infinite without a limit."""
        if self.worker.began is None:
            return self.given + _BEGIN_SECONDS - now
        if self.limit is None:
            return float("inf")
        return self.limit + grace_seconds(self.limit) - self.seconds(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What came of a job.

    Attributes
    ----------
    work : Trial or MemberJob
        What was to be done.
    ending : JobEnding
        How it ended.
    answer : object
        A trial's outcome or a member's model; None unless it was answered.
    reason : str
        For people; empty when it was answered.
    seconds : float
        Since the worker began.
    worker : str
        Name of the worker.
    """

    work: Work
    ending: JobEnding
    answer: Any = None
    reason: str = ""
    seconds: float = 0.0
    worker: str = ""

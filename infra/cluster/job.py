"""A job on a Dask worker: while it runs, and what came of it."""

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from espalier.pipelines.evaluation.evaluate import MemberJob
from espalier.pipelines.evaluation.executors.worker_process import grace_seconds
from espalier.pipelines.trials.trial import Trial

Job = Trial | MemberJob

# Importing and unpacking the context on a slow, busy machine.
_BEGIN_SECONDS = 120.0


class JobEnding(StrEnum):
    """How a job ended."""

    ANSWERED = "answered"
    LATE = "late"  # stopped from outside, as its time was up
    MEMORY = "memory"  # its worker was ended for its memory
    DIED = "died"  # its worker died, or the job could not be run at all


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """What came of a job.

    Attributes
    ----------
    job : Trial or MemberJob
        The job.
    how : JobEnding
        How it ended.
    answer : object
        What `run_job` returned; None unless it answered.
    reason : str
        For people; empty when it answered.
    seconds : float
        Since it began.
    worker : str
        Address.
    """

    job: Job
    how: JobEnding
    answer: Any = None
    reason: str = ""
    seconds: float = 0.0
    worker: str = ""


@dataclass(slots=True)
class RunningJob:
    """A job on its worker.

    Attributes
    ----------
    job : Trial or MemberJob
        The job.
    key : str
        The Dask task.
    future : Future
        Of the task.
    worker : str
        Address.
    limit : float or None
        Seconds it may take.
    submitted, began : float
        Moments of the monotonic clock; ``began`` is None until the worker has said so.
    """

    job: Job
    key: str
    future: Any
    worker: str
    limit: float | None
    submitted: float
    began: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds since it began; 0 before that."""
        return 0.0 if self.began is None else time.monotonic() - self.began

    @property
    def seconds_to_kill(self) -> float:
        """Seconds until it is so late that only killing helps; infinite without a limit."""
        if self.began is None:
            return self.submitted + _BEGIN_SECONDS - time.monotonic()
        if self.limit is None:
            return float("inf")
        return self.limit + grace_seconds(self.limit) - self.seconds

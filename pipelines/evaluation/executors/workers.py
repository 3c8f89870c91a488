"""The protocols between a `JobPool` and its workers: local processes, Dask workers or test doubles.

A platform implements `WorkerSet` and `WorkerHandle`; the pool alone decides when a job is given
out, retried, killed or recorded. A set that shares workers with other users decides in
`WorkerSet.free` which of them the pool may use. It may offer one that is busy with the job of
another user: a job given to it waits there for its turn (`WorkerHandle.turn`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from espalier.pipelines.evaluation.evaluate import MemberJob
from espalier.pipelines.trials.trial import Trial

# Work for a worker: evaluate a trial, or fit a member.
Work = Trial | MemberJob


class WorkerGoneError(Exception):
    """A worker that looked free is gone; the job stays first in the queue."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The worker has finished its job.

    Attributes
    ----------
    value : object
        The trial's outcome, or the member's fitted model (None if the fit failed).
    """

    value: Any


@dataclass(frozen=True, slots=True)
class Death:
    """The worker died while it ran the job.

    Attributes
    ----------
    reason : str
        Description of the death.
    of_memory : bool
        Whether the certain or most likely cause is lack of memory.
    certain : bool
        Whether the job certainly caused it.
    """

    reason: str
    of_memory: bool = False
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Loss:
    """The job was lost before it ended, not by its own fault.

    Attributes
    ----------
    reason : str
        Description of the loss.
    waited : bool
        Whether jobs of other users came first on its worker: it cannot be what went wrong, and the
        start does not count.
    """

    reason: str
    waited: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """The worker is alive but could not begin the job.

    Attributes
    ----------
    reason : str
        Description of the error.
    """

    reason: str


Report = Answer | Death | Loss | Refusal


class WorkerHandle(Protocol):
    """A worker and the job that it has been given, if any."""

    @property
    def begins_at_once(self) -> bool:
        """Whether a job has begun as soon as it is given to the worker."""
        ...

    @property
    def name(self) -> str:
        """Name of the worker in messages."""
        ...

    @property
    def turn(self) -> float | None:
        """Since when no job of another user comes before the given one, on the pool's clock.

        None while one does.
        """
        ...

    @property
    def began(self) -> float | None:
        """When the worker began the job, on the pool's clock; None before that.

        Preparation (imports, unpacking the data) does not count towards the seconds of a job.
        """
        ...

    @property
    def memory_mb(self) -> float | None:
        """Resident memory of its process in MiB; None if the platform limits it."""
        ...

    def start(self, work: Work, seconds: float | None) -> None:
        """Give the worker a job that should end by itself within ``seconds``; returns at once.

        Raises
        ------
        WorkerGoneError
            The worker is gone.
        WorkerLostError
            No worker can be given a job any more.
        """
        ...

    def look(self) -> Report | None:
        """Return how the job ended, once; None while it runs."""
        ...


class WorkerSet(Protocol):
    """The workers of a pool; they may join and leave."""

    @property
    def n_workers(self) -> int:
        """Number of workers, at least 1."""
        ...

    @property
    def on_this_machine(self) -> bool:
        """Whether the workers run on this machine and share its memory."""
        ...

    def free(self) -> Sequence[WorkerHandle]:
        """Return the workers that can be given a job now.

        Raises
        ------
        WorkerLostError
            There is no worker, and no new one can be expected.
        """
        ...

    def want(self, n_jobs: int) -> None:
        """Learn how many jobs wait for a worker, so that a set that can grow does."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait until the state of a worker may have changed, at most ``seconds``.

        Raises
        ------
        WorkerLostError
            There is no worker, and no new one can be expected.
        """
        ...

    def interrupt(self, workers: Sequence[WorkerHandle]) -> None:
        """Ask workers to interrupt their jobs and answer with partial results; returns at once."""
        ...

    def kill(self, worker: WorkerHandle) -> None:
        """Stop a worker's job by killing its process; if possible another one takes its place.

        A job that has not begun is taken back. A process that runs another user's job is left
        alone.
        """
        ...

    def close(self) -> None:
        """Stop running jobs and release the workers; may be called twice."""
        ...

"""What a `JobPool` asks of the workers it is given: local processes, Dask's, or a test's.

A platform implements `WorkerSet` and `WorkerHandle`; when a job is given out, tried again, killed
or recorded is decided by the pool alone. A set that shares its workers with other people leaves
those out of `WorkerSet.free` that work for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from espalier.pipelines.evaluation.evaluate import MemberJob
from espalier.pipelines.trials.trial import Trial

# What a worker can be asked to do.
Work = Trial | MemberJob


class WorkerGoneError(Exception):
    """A worker that looked free has gone: the job it was to get keeps its place."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The worker has done its job.

    Attributes
    ----------
    value : object
        A trial's outcome, or a member's fitted model (None when there is none).
    """

    value: Any


@dataclass(frozen=True, slots=True)
class Death:
    """The worker died while it worked on the job.

    Attributes
    ----------
    reason : str
        For people.
    of_memory : bool
        Whether it died, or most likely died, for want of memory.
    certain : bool
        Whether the job itself is the cause beyond doubt.
    """

    reason: str
    of_memory: bool = False
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Loss:
    """The job was lost on its way, through no fault of its own.

    Attributes
    ----------
    reason : str
        For people.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The worker lives and could not even begin to work on the job.

    Attributes
    ----------
    reason : str
        For people.
    """

    reason: str


Report = Answer | Death | Loss | Refusal


class WorkerHandle(Protocol):
    """One worker, and the one job that it has been given."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def began(self) -> float | None:
        """When work on the job began, on the pool's clock; None before that.

        Getting ready (imports, unpacking the data) does not count against a job's seconds.
        """
        ...

    @property
    def memory_mb(self) -> float | None:
        """Resident memory of its process in MiB; None where somebody else watches it."""
        ...

    def start(self, work: Work, seconds: float | None) -> None:
        """Give it a job that is to end by itself within ``seconds``; returns at once.

        Raises
        ------
        WorkerGoneError
            It has gone.
        WorkerLostError
            Nobody can be given anything any more.
        """
        ...

    def look(self) -> Report | None:
        """Return what came of its job, once; None while it works."""
        ...


class WorkerSet(Protocol):
    """The workers there are, who may come and go."""

    @property
    def n_workers(self) -> int:
        """How many there are, at least 1."""
        ...

    @property
    def on_this_machine(self) -> bool:
        """Whether they share this machine's memory."""
        ...

    def free(self) -> Sequence[WorkerHandle]:
        """Return those that can be given a job now.

        Raises
        ------
        WorkerLostError
            There is no worker, and there will be none.
        """
        ...

    def wait(self, seconds: float) -> None:
        """Wait until something may have happened to a worker, ``seconds`` at most.

        Raises
        ------
        WorkerLostError
            There is no worker, and there will be none.
        """
        ...

    def interrupt(self, workers: Sequence[WorkerHandle]) -> None:
        """Ask workers to give their jobs up and to answer with what they have; returns at once."""
        ...

    def kill(self, worker: WorkerHandle) -> None:
        """End a worker's process whatever it does; another one takes its place where it can."""
        ...

    def close(self) -> None:
        """Stop whatever still runs and let go of the workers; may be called twice."""
        ...

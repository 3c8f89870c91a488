"""Who runs the trials: the protocol, and the simplest one, in this process."""

import logging
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.evaluate import (
    MemberJob,
    evaluate_trial,
    fit_member,
    short_error,
)
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult, TrialStatus

if TYPE_CHECKING:
    from espalier.pipelines.learners.candidate import Candidate


# A configuration that took its worker down so many times is never tried again.
DEADLY = 2

_LOGGER = logging.getLogger(__name__)


class Executor(Protocol):
    """Runs trials somewhere.

    Every implementation passes `tests/contracts/executor_suite.py`.

    Attributes
    ----------
    n_workers : int
        How many trials run at the same time.
    """

    n_workers: int

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Trials submitted whose outcome has not been handed out, by number."""
        ...

    def submit(self, trial: Trial) -> None:
        """Take on a trial; returns at once."""
        ...

    def wait(self, deadline: Deadline) -> list[TrialOutcome]:
        """Block until at least one trial has ended, nothing is pending, or the deadline passes.

        A trial past its ``seconds_limit`` comes back TIMEOUT, one over its memory MEMOUT, one
        whose process died twice FAILED or MEMOUT; the executor stays usable after each.
        """
        ...

    def stop_pending(self, reason: str) -> list[TrialOutcome]:
        """Stop everything now.

        Returns
        -------
        list of TrialOutcome
            Finished trials that were not handed out yet, and one TIMEOUT with ``reason`` for each
            trial that was running. Trials that never started are forgotten. Nothing is pending
            afterwards, and the executor stays usable.
        """
        ...

    def fit_members(
        self, jobs: Sequence[MemberJob], deadline: Deadline
    ) -> "list[Candidate | None]":
        """Fit the jobs' models, in their order; None for one that failed or was too late.

        Nothing may be pending.
        """
        ...

    def close(self) -> None:
        """Let go of all workers; may be called twice."""
        ...

    def __enter__(self) -> Self:
        """Return the executor."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the executor."""
        ...


def ended_early(
    trial: Trial, status: TrialStatus, reason: str, *, seconds: float = 0.0, worker: str = ""
) -> TrialOutcome:
    """Return the outcome of a trial that an executor had to end, or saw end, from outside."""
    return TrialOutcome(
        TrialResult(trial=trial, status=status, seconds=seconds, error=reason, worker=worker)
    )


class SerialExecutor:
    """Runs trials in this process, one at a time, inside `wait`.

    A trial is stopped between two Python instructions; a single long call into native code is not.

    Parameters
    ----------
    context : EvaluationContext
        What trials need.
    """

    n_workers: int = 1

    def __init__(self, context: EvaluationContext) -> None:
        self._context = context
        self._queue: deque[Trial] = deque()

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Trials submitted whose outcome has not been handed out."""
        return tuple(self._queue)

    def submit(self, trial: Trial) -> None:
        """Take on a trial."""
        self._queue.append(trial)

    def wait(self, deadline: Deadline) -> list[TrialOutcome]:
        """Run the next trial, until the deadline at most."""
        if not self._queue or deadline.passed:
            return []
        return [evaluate_trial(self._queue.popleft(), self._context, deadline=deadline)]

    def stop_pending(self, reason: str) -> list[TrialOutcome]:  # noqa: ARG002 - nothing is running
        """Forget the trials that have not started; none is ever running between two calls."""
        self._queue.clear()
        return []

    def fit_members(
        self, jobs: Sequence[MemberJob], deadline: Deadline
    ) -> "list[Candidate | None]":
        """Fit the jobs' models one after the other."""
        return [fit_or_none(job, self._context, deadline) for job in jobs]

    def close(self) -> None:
        """Forget what has not started."""
        self._queue.clear()

    def __enter__(self) -> Self:
        """Return the executor."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the executor."""
        self.close()


def fit_or_none(
    job: MemberJob, context: EvaluationContext, deadline: Deadline
) -> "Candidate | None":
    """Return the fitted model, or None (with a line in the log) if it failed or was too late."""
    if deadline.passed:
        return None
    try:
        return fit_member(job, context, deadline=deadline)
    except Exception as problem:  # a member that fails is left out of the ensemble
        _LOGGER.warning("the refit of trial %d failed: %s", job.trial_number, short_error(problem))
        return None

"""The protocol of executors, which run trials, and the simplest one, in this process."""

import logging
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from espalier.pipelines.evaluation.evaluate import evaluate_trial, fit_member
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.evaluation.naming import short_error
from espalier.pipelines.evaluation.trial_context import TrialContext
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.closing import ClosesAtExit
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult, TrialStatus

if TYPE_CHECKING:
    from espalier.pipelines.learners.candidate import Candidate


# A trial whose worker has died this many times is not tried again.
DEADLY = 2

_LOGGER = logging.getLogger(__name__)


class Executor(Protocol):
    """Runs trials, and fits the members of an ensemble.

    Every implementation passes `tests/contracts/executor_suite.py`.

    Attributes
    ----------
    n_workers : int
        Number of trials that run at the same time.
    """

    n_workers: int

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Submitted trials whose outcome has not been returned yet, by number."""
        ...

    def submit(self, trial: Trial) -> None:
        """Queue a trial; returns at once."""
        ...

    def wait(self, deadline: Deadline) -> list[TrialOutcome]:
        """Block until a trial has ended, nothing is pending, or the deadline passes.

        Returns the outcomes that are new. A trial past its ``seconds_limit`` has status TIMEOUT,
        one over its memory limit MEMOUT, one whose process died twice FAILED or MEMOUT; the
        executor stays usable after each.
        """
        ...

    def stop_pending(self, reason: str) -> list[TrialOutcome]:
        """Stop all trials now.

        Returns
        -------
        list of TrialOutcome
            Outcomes not returned yet, and one with status TIMEOUT and ``reason`` for each trial
            that was running. Trials that have not started are dropped. Nothing is pending
            afterwards, and the executor stays usable.
        """
        ...

    def fit_members(
        self, jobs: Sequence[MemberJob], deadline: Deadline
    ) -> "list[Candidate | None]":
        """Fit the models of ``jobs``; return them in order, None for failed or late ones.

        No trial may be pending.
        """
        ...

    def close(self) -> None:
        """Release all workers; may be called twice."""
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
    """Return the outcome of a trial that did not report one itself: killed, stopped or lost."""
    return TrialOutcome(
        TrialResult(trial=trial, status=status, seconds=seconds, error=reason, worker=worker)
    )


class SerialExecutor(ClosesAtExit):
    """Runs trials in this process, one at a time, inside `wait`.

    A time limit interrupts Python code only, not a single long call into native code.

    Parameters
    ----------
    context : TrialContext
        Data and settings that trials need.
    """

    n_workers: int = 1

    def __init__(self, context: TrialContext) -> None:
        self._context = context
        self._queue: deque[Trial] = deque()

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Submitted trials that have not run yet."""
        return tuple(self._queue)

    def submit(self, trial: Trial) -> None:
        """Queue a trial."""
        self._queue.append(trial)

    def wait(self, deadline: Deadline) -> list[TrialOutcome]:
        """Run the next trial, at most until the deadline, and return its outcome."""
        if not self._queue or deadline.passed:
            return []
        return [evaluate_trial(self._queue.popleft(), self._context, deadline=deadline)]

    def stop_pending(self, reason: str) -> list[TrialOutcome]:  # noqa: ARG002 - nothing is running
        """Drop the queued trials; none is running between two calls."""
        self._queue.clear()
        return []

    def fit_members(
        self, jobs: Sequence[MemberJob], deadline: Deadline
    ) -> "list[Candidate | None]":
        """Fit the models of ``jobs`` one after the other."""
        return [fit_or_none(job, self._context, deadline) for job in jobs]

    def close(self) -> None:
        """Drop the queued trials."""
        self._queue.clear()


def fit_or_none(job: MemberJob, context: TrialContext, deadline: Deadline) -> "Candidate | None":
    """Return the fitted model; None if the fit failed (which is logged) or was too late."""
    if deadline.passed:
        return None
    try:
        return fit_member(job, context, deadline=deadline)
    except Exception as problem:  # a member that fails is left out of the ensemble
        _LOGGER.warning("the refit of trial %d failed: %s", job.trial_number, short_error(problem))
        return None

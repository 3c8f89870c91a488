"""What every worker process does with a job, whoever started it."""

import time
from contextlib import AbstractContextManager
from typing import Any

from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.evaluate import evaluate_trial, worker_name
from espalier.pipelines.evaluation.executors.base import ended_early, fit_or_none
from espalier.pipelines.evaluation.executors.workers import Work
from espalier.pipelines.evaluation.limits import TrialInterruptedError
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.surroundings import undisturbed
from espalier.pipelines.trials.trial import Trial, TrialStatus


@undisturbed
def run_work(
    work: Work,
    context: EvaluationContext,
    seconds: float | None,
    interruptible: AbstractContextManager[None],
) -> Any:
    """Return a trial's outcome, or a member's fitted model (None when there is none).

    Parameters
    ----------
    work : Trial or MemberJob
        What to do.
    context : EvaluationContext
        What trials need.
    seconds : float or None
        What it may take.
    interruptible : context manager
        While it is open, whoever wants to stop the work may raise `TrialInterruptedError` here.
    """
    deadline = Deadline.after(seconds)
    started = time.monotonic()
    try:
        with interruptible:
            if isinstance(work, Trial):
                return evaluate_trial(work, context, deadline=deadline)
            return fit_or_none(work, context, deadline)
    except TrialInterruptedError:  # outside of the evaluation, which keeps the folds it has
        if not isinstance(work, Trial):
            return None
        spent = time.monotonic() - started
        return ended_early(
            work, TrialStatus.TIMEOUT, "stopped", seconds=spent, worker=worker_name()
        )

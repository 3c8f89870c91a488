"""Run a job in a worker process, local or of Dask."""

import time
from contextlib import AbstractContextManager
from typing import Any

from espalier.pipelines.evaluation.evaluate import evaluate_trial
from espalier.pipelines.evaluation.executors.base import ended_early, fit_or_none
from espalier.pipelines.evaluation.executors.workers import Work
from espalier.pipelines.evaluation.limits import TrialInterruptedError
from espalier.pipelines.evaluation.naming import worker_name
from espalier.pipelines.evaluation.trial_context import TrialContext
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.surroundings import undisturbed
from espalier.pipelines.trials.trial import Trial, TrialStatus


@undisturbed
def run_work(
    work: Work,
    context: TrialContext,
    seconds: float | None,
    interruptible: AbstractContextManager[None],
) -> Any:
    """Evaluate a trial or fit a member; return the outcome, or the model (None if that failed).

    Parameters
    ----------
    work : Trial or MemberJob
        The trial to evaluate, or the member to fit.
    context : TrialContext
        Data and settings that trials need.
    seconds : float or None
        Time limit; None for no limit.
    interruptible : context manager
        Entered around the work; while it is open, `TrialInterruptedError` may be raised in this
        thread to stop the work.
    """
    deadline = Deadline.after(seconds)
    started = time.monotonic()
    try:
        with interruptible:
            if isinstance(work, Trial):
                return evaluate_trial(work, context, deadline=deadline)
            return fit_or_none(work, context, deadline)
    except TrialInterruptedError:  # outside `evaluate_trial`, which keeps finished folds
        if not isinstance(work, Trial):
            return None
        spent = time.monotonic() - started
        return ended_early(
            work, TrialStatus.TIMEOUT, "stopped", seconds=spent, worker=worker_name()
        )

"""Stop trials that are clearly worse, and models whose share of the time is up."""

from espalier.pipelines.evaluation.trial_context import TrialContext
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import Trial

# Of the time that a fit may take, this share is offered to a model that can stop early with what
# it has; the rest is for predicting and scoring.
_FIT_SHARE = 0.85


class BeatenError(Exception):
    """A trial's mean score is below its floor, so it is clearly worse than earlier ones."""


def stop_if_beaten(trial: Trial, context: TrialContext, n_done: int, score: float) -> None:
    """Raise `BeatenError` where the mean score of the first folds is below the trial's floor.

    Parameters
    ----------
    trial : Trial
        The trial with its floors, one per fold but the last.
    context : TrialContext
        What the trial is evaluated on.
    n_done : int
        Folds that are done.
    score : float
        Their mean score, in the metric's own direction.
    """
    place = n_done - 1
    if place < len(trial.floors) and context.metric.sign * score < trial.floors[place]:
        raise BeatenError(f"clearly worse after {n_done} of {len(context.folds)} folds")


def share_of(deadline: Deadline, share: float) -> Deadline:
    """Return the deadline of a model that gets this share of the time left."""
    if deadline.at is None or deadline.seconds_left == float("inf"):
        return Deadline(None)
    return Deadline.after(_FIT_SHARE * deadline.seconds_left * share, deadline.clock)

"""When a trial is stopped for being clearly worse, and the row ladder it may have to climb."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.progress import TrialProgress
from espalier.pipelines.metrics.scoring import score_predictions
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import generator
from espalier.pipelines.trials.trial import Trial

if TYPE_CHECKING:
    from espalier.pipelines.learners.candidate import Candidate

# Of the time that a fit may take, this share is offered to a model that can stop early with what
# it has; the rest is for predicting and scoring.
_FIT_SHARE = 0.85


class BeatenError(Exception):
    """A trial is below its floor."""


def climb(
    trial: Trial,
    context: EvaluationContext,
    new_candidate: "Callable[[], Candidate]",
    *,
    deadline: Deadline,
    progress: TrialProgress,
) -> None:
    """Fit to the rows of each rung of the trial and score on all validation rows.

    Successive halving (Jamieson and Talwalkar 2016), seen from one trial: what is not among the
    better ones on few rows is not fitted to more.
    """
    fold = context.folds.folds[0]
    dataset = context.dataset
    # The same rows for every trial, each rung's among those of the next.
    order = generator(len(fold.train), "rungs").permutation(fold.train)
    whole = 1.0 + sum(trial.rungs)
    weight = None if dataset.sample_weight is None else dataset.sample_weight[fold.valid]
    for place, share in enumerate(trial.rungs):
        if deadline.passed:
            raise TimeoutError
        part = dataset.take(np.sort(order[: max(1, round(share * len(order)))]))
        candidate = new_candidate()
        candidate.fit(
            part.X,
            part.y,
            sample_weight=part.sample_weight,
            groups=part.groups,
            times=part.times,
            deadline=share_of(deadline, share / whole),
        )
        whole -= share
        valid = dataset.X.iloc[fold.valid].reset_index(drop=True)
        predictions = candidate.predict_scores(valid)
        score = score_predictions(context.metric, dataset.y[fold.valid], predictions, weight)
        progress.rung_scores.append(float(score))
        stop_if_beaten(trial, context, place, score, f"{share:.0%} of the rows")


def stop_if_beaten(
    trial: Trial, context: EvaluationContext, look: int, score: float, after: str
) -> None:
    """Raise `BeatenError` where the gain at a look (a rung, or folds) is below its floor.

    Its message says, for people, after what.
    """
    if look < len(trial.floors) and context.metric.sign * score < trial.floors[look]:
        raise BeatenError(f"clearly worse after {after}")


def share_of(deadline: Deadline, share: float) -> Deadline:
    """Return when a model that can stop early must do so to leave the rest of the time."""
    if deadline.at is None or deadline.seconds_left == float("inf"):
        return Deadline(None)
    return Deadline.after(_FIT_SHARE * deadline.seconds_left * share, deadline.clock)

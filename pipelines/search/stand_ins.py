"""Use trials that were stopped after some of their folds, where no trial is complete."""

from collections.abc import Container
from dataclasses import replace

import numpy as np

from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult, TrialStatus


def with_stand_ins(history: History, predicted: Container[int]) -> History:
    """Count the trials with the most finished folds as successes, if no trial is complete.

    On a machine that is busier than expected, every trial of a short run may be stopped after some
    of its folds. Those with the most have been scored on the same rows, and a model of one of them
    is better than none.

    Parameters
    ----------
    history : History
        All trials of a search.
    predicted : container of int
        Numbers of the trials whose out-of-fold predictions are available.

    Returns
    -------
    History
        The same if a trial succeeded, or if no trial finished a fold. Otherwise those of the timed
        out trials that have the most folds are marked as successes, with the mean of these folds as
        score; they keep their ``error``.
    """
    if history.successes:
        return history

    def done(result: TrialResult) -> int:
        stopped = result.status is TrialStatus.TIMEOUT and result.trial.number in predicted
        return len(result.fold_scores) if stopped else 0

    most = max(map(done, history.results), default=0)
    if most == 0:
        return history
    return History(
        history.metric,
        tuple(_stand_in(each) if done(each) == most else each for each in history.results),
    )


def said_of(history: History, n_folds: int) -> str | None:
    """Return a message for the user if incomplete trials count as successes; None otherwise."""
    done = {len(each.fold_scores) for each in history.successes}
    if not done or max(done) >= n_folds:
        return None
    return (
        f"no trial was done in time: the best of {len(history.successes)} is chosen by "
        f"{max(done)} of {n_folds} folds; give more time for a better model"
    )


def _stand_in(result: TrialResult) -> TrialResult:
    return replace(
        result,
        status=TrialStatus.SUCCESS,
        score=float(np.mean(result.fold_scores)),
        score_std=float(np.std(result.fold_scores)),
    )

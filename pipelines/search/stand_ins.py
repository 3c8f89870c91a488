"""Trials that were stopped part of the way, in the place of whole ones where there is none."""

from collections.abc import Container
from dataclasses import replace

import numpy as np

from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult, TrialStatus


def with_stand_ins(history: History, predicted: Container[int]) -> History:
    """Return the history in which the trials that got furthest count, if none got to the end.

    On a machine that is busier than expected, every trial of a short run may be stopped after some
    of its folds. Those with the most have been scored on the same rows, and a model of one of them
    is better than none.

    Parameters
    ----------
    history : History
        What a search has left.
    predicted : container of int
        The trials whose predictions are there.

    Returns
    -------
    History
        The same where a trial succeeded, or none has a fold. Otherwise the trials stopped by the
        clock after as many folds as any have succeeded, with these folds' mean for a score; what
        stopped them stays their ``error``.
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
    """Return, for people, on what the scores are where trials stand in; None otherwise."""
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

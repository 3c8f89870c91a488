"""The reserve: seconds of the budget kept for everything after the search."""

import math

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import text_seconds
from espalier.pipelines.members.cost import NOTHING, FinishCost, refit_seconds
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.trials.history import History

# A histogram booster goes through about this many cells a second on a slow core, for each class.
_CELLS_PER_SECOND = 3e7
_ROUNDS = 100
# However few the rows, a round takes so many seconds for a column: its bins are looked through. It
# matters from some thousands of columns on.
_SECONDS_A_COLUMN = 1e-5
_FEW_COLUMNS = 2_000
_FIXED_SECONDS = 6.0  # ensemble, evaluation and registration of a small model on a busy machine
_FIXED_SHARE = 0.14
_SEARCH_SHARE = 0.5
_REFIT_SHARES = (0.05, 0.25)
# Once trials have been timed: this many of the best are refitted side by side, and the estimate
# made before keeps at least this weight. Members whose refits find no time serve as the models of
# their folds, so that slow ones need not take more than this share from the search.
_REFITTED = 3
_TIMED_SHARE = 0.25
_FINISH_SHARE = 0.15
_UNTIMED_WEIGHT = 0.5
# A run ends within its budget and this much; a little of it is for what cannot be foreseen.
_SLACK_SHARE = 0.05
_SLACK_SECONDS = 3.5


def search_deadline(budget: Budget, shape: DatasetShape, deadline: Deadline) -> Deadline:
    """Return the deadline of a search that starts now, before any trial has been timed.

    Parameters
    ----------
    budget, shape
        As for `reserve_seconds`.
    deadline : Deadline
        When the run must be over. The search gets at least half of the time left, as the steps
        before it may have taken long.
    """
    if deadline.at is None:
        return deadline
    half = _SEARCH_SHARE * max(0.0, deadline.seconds_left)
    return deadline.earlier(min(reserve_seconds(budget, shape), half))


def with_slack(budget: Budget, deadline: Deadline) -> Deadline:
    """Extend a run's deadline by its slack where too little time is left for the search.

    The steps before it, such as checking a wide table on a busy machine, can take nearly all the
    time. Then the run may exceed its budget by the slack: better a late model than none.
    """
    if budget.seconds is None or deadline.at is None:
        return deadline
    slack = _SLACK_SHARE * budget.seconds + _SLACK_SECONDS
    return deadline.earlier(-min(slack, max(0.0, slack - deadline.seconds_left)))


def reserve_seconds(budget: Budget, shape: DatasetShape) -> float:
    """Return the seconds to keep for the ensemble, the refit, the evaluation and the registration.

    A fixed part, and one that grows with the table up to a quarter of the budget: there must be
    time to fit what the search may try once more, on all rows.

    Parameters
    ----------
    budget : Budget
        What the run may spend; without seconds nothing need be kept.
    shape : DatasetShape
        Shape of the search table.
    """
    if budget.seconds is None:
        return 0.0
    return min(_FIXED_SECONDS, _FIXED_SHARE * budget.seconds) + _untimed(budget.seconds, shape)


def spare_time(
    budget: Budget,
    deadline: Deadline,
    shape: DatasetShape,
    history: History,
    n_workers: int = 1,
    finish: FinishCost = NOTHING,
) -> Deadline:
    """Return until when time that a search has left may be used; past if it used all.

    Parameters
    ----------
    budget, shape, history, n_workers, finish
        As for `reserve_change`.
    deadline : Deadline
        When the run must be over.
    """
    change = reserve_change(budget, shape, history, n_workers, finish)
    return deadline.earlier(reserve_seconds(budget, shape) + change)


def reserve_change(
    budget: Budget,
    shape: DatasetShape,
    history: History,
    n_workers: int = 1,
    finish: FinishCost = NOTHING,
) -> float:
    """Return the seconds by which the reserve should grow, given the measured times of trials.

    Parameters
    ----------
    budget, shape
        As for `reserve_seconds`, whose result this corrects; negative where that was too much.
    history : History
        Trials so far, the best of which will be refitted.
    n_workers : int
        Refits that run side by side.
    finish : FinishCost
        What large or slow models add after the refits.
    """
    if budget.seconds is None or not history.successes:
        return 0.0
    best = sorted(history.successes, key=history.gain, reverse=True)[:_REFITTED]
    fits = [refit_seconds(each) for each in best]
    untimed = _untimed(budget.seconds, shape)
    timed = min(max(max(fits), sum(fits) / n_workers), _TIMED_SHARE * budget.seconds)
    after = min(sum(finish.of_member(each) for each in best), _FINISH_SHARE * budget.seconds)
    return max(timed, _UNTIMED_WEIGHT * untimed) - untimed + after


def _untimed(seconds: float, shape: DatasetShape) -> float:
    """Return the part of the reserve for refits, before any trial has been timed."""
    low, high = _REFIT_SHARES
    return min(max(2 * model_seconds(shape), low * seconds), high * seconds)


def model_seconds(shape: DatasetShape) -> float:
    """Return about how many seconds one good model takes to fit on all rows."""
    columns = shape.n_columns + 20 * shape.n_text + 48 * shape.n_vectors
    trees = shape.n_classes if shape.n_classes > 2 else 1
    rounds = _ROUNDS * shape.n_rows * math.sqrt(max(columns, 1)) * trees / _CELLS_PER_SECOND
    wide = _ROUNDS * _SECONDS_A_COLUMN * max(0, columns - _FEW_COLUMNS) * trees
    return rounds + wide + text_seconds(shape)

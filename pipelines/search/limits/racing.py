"""Fold racing: a trial whose first folds show it to be clearly worse is stopped.

After Hutter et al., *Sequential model-based optimization for general algorithm configuration*
(2011), where a challenger is compared with the incumbent fold by fold. Here the comparison is made
before the trial starts: it is given floors, one a fold, below which it ends. So it needs to know
nothing of other trials that run at the same time, and the same trials come out at any number of
workers.

Symbols: n whole trials; k looks at a trial, the last one when it is whole.
"""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.trials.history import History

Array = NDArray[np.float64]

FEWEST_WHOLE = 4
"""Whole trials before which nothing is stopped: how much folds differ is not known yet."""
REFERENCE_RANK = 5
"""A trial races against the one of this rank: an ensemble is made of more than the best."""
STANDARD_ERRORS = 1.25
"""How far behind is clear."""
_REFERENCES = 2 * REFERENCE_RANK - 1
_COMPARED_SHARE = 0.5


def race_floors(history: History, n_folds: int) -> tuple[float, ...]:
    """Return below which gain a trial ends after each of its first folds.

    Parameters
    ----------
    history : History
        What is known when the trial is proposed.
    n_folds : int
        Folds of a trial.

    Returns
    -------
    tuple of float
        One a fold but for the last; empty while too little is known, or where there is nothing to
        race on.
    """
    kept = [each.fold_scores for each in history.successes if len(each.fold_scores) == n_folds]
    scores = np.array(kept, dtype=np.float64).reshape(len(kept), n_folds)
    gains = history.metric.sign * np.cumsum(scores, axis=1) / np.arange(1, n_folds + 1)
    gains = gains[np.isfinite(gains).all(axis=1)]
    return floors(gains) if n_folds > 1 and len(gains) >= FEWEST_WHOLE else ()


def floors(gains: Array) -> tuple[float, ...]:
    """Return the floors that whole trials set, given their gains at each look, shape (n, k).

    The last look is the final one. What a look is expected to differ from it by, as some folds are
    easier than others, is told by the trials around the reference together: the folds of one trial
    alone would add their own noise. How wrong that is about a trial's final gain is known from the
    better half of the whole trials.
    """
    early, final = gains[:, :-1], gains[:, -1]
    order = np.argsort(-final, kind="stable")
    reference = order[min(REFERENCE_RANK, len(order)) - 1]
    ahead = (early - final[:, None])[order]
    offset = ahead[:_REFERENCES].mean(axis=0)
    wrong = ahead[: max(FEWEST_WHOLE, round(_COMPARED_SHARE * len(order)))] - offset
    spread = np.sqrt((wrong**2).sum(axis=0) / (len(wrong) - 1))
    return tuple(float(each) for each in final[reference] + offset - STANDARD_ERRORS * spread)

"""Fold racing: a trial whose first folds show it to be clearly worse is stopped.

After Hutter et al., *Sequential model-based optimization for general algorithm configuration*
(2011), where a challenger is compared with the incumbent fold by fold. Here the comparison is made
before the trial starts: it is given floors, one a fold, below which it ends. So it needs to know
nothing of other trials that run at the same time, and the same trials result for any number of
workers.

Symbols: n complete trials; k folds, after each of which a trial's mean gain is known.
"""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.trials.history import History

Array = NDArray[np.float64]

FEWEST_WHOLE = 4
"""Complete trials needed before any is stopped: how much folds differ is not known yet."""
REFERENCE_RANK = 5
"""A trial races against the one of this rank: an ensemble is made of more than the best."""
STANDARD_ERRORS = 1.25
"""Standard errors below the reference from which a trial is clearly worse."""
_REFERENCES = 2 * REFERENCE_RANK - 1
_COMPARED_SHARE = 0.5


def race_floors(history: History, n_folds: int) -> tuple[float, ...]:
    """Return the mean gain below which a trial ends, after each of its folds but the last.

    Parameters
    ----------
    history : History
        Results that are known when the trial is proposed.
    n_folds : int
        Folds of a trial.

    Returns
    -------
    tuple of float
        One per fold but the last; empty while too few trials are complete, or with a single fold.
    """
    kept = [each.fold_scores for each in history.successes if len(each.fold_scores) == n_folds]
    scores = np.array(kept, dtype=np.float64).reshape(len(kept), n_folds)
    gains = history.metric.sign * np.cumsum(scores, axis=1) / np.arange(1, n_folds + 1)
    gains = gains[np.isfinite(gains).all(axis=1)]
    return floors(gains) if n_folds > 1 and len(gains) >= FEWEST_WHOLE else ()


def floors(gains: Array) -> tuple[float, ...]:
    """Return the floors, given the mean gains of complete trials after each fold, shape (n, k).

    Some folds are easier than others, so the mean gain after the first folds is offset from the
    final one. The offset is averaged over the trials around the reference, because that of one
    trial is noisy. Its error is estimated from the better half of the complete trials.
    """
    early, final = gains[:, :-1], gains[:, -1]
    order = np.argsort(-final, kind="stable")
    reference = order[min(REFERENCE_RANK, len(order)) - 1]
    ahead = (early - final[:, None])[order]
    offset = ahead[:_REFERENCES].mean(axis=0)
    wrong = ahead[: max(FEWEST_WHOLE, round(_COMPARED_SHARE * len(order)))] - offset
    spread = np.sqrt((wrong**2).sum(axis=0) / (len(wrong) - 1))
    return tuple(float(each) for each in final[reference] + offset - STANDARD_ERRORS * spread)

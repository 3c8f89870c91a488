"""Fold racing: stop a configuration that its first folds show to be clearly worse.

After Hutter et al., *Sequential model-based optimization for general algorithm configuration*
(2011), where a challenger is compared with the incumbent fold by fold.
"""

import math
from collections.abc import Sequence

import numpy as np

FEWEST_FOLDS = 2
STANDARD_ERRORS = 2.0


def is_beaten(
    gains: Sequence[float],
    rival: Sequence[float],
    *,
    fewest_folds: int = FEWEST_FOLDS,
    standard_errors: float = STANDARD_ERRORS,
) -> bool:
    """Whether a trial is clearly worse than a rival on the folds it has had.

    Both see the same folds, so the difference counts, fold by fold. With the few folds there are
    the spread of the differences is itself uncertain: it is not believed to be below the rival's
    own spread divided by the folds.

    Parameters
    ----------
    gains : sequence of float
        Scores of the trial's first folds, larger is better.
    rival : sequence of float
        Scores of all the rival's folds, larger is better.
    fewest_folds : int
        Folds before which nothing is decided.
    standard_errors : float
        How far behind is clear.
    """
    n = len(gains)
    if n < fewest_folds or n >= len(rival):
        return False
    behind = np.asarray(rival[:n], dtype=np.float64) - np.asarray(gains, dtype=np.float64)
    spread = max(float(behind.std(ddof=1)), float(np.std(rival)) / len(rival))
    return bool(behind.mean() > standard_errors * max(spread, 1e-12) / math.sqrt(n))

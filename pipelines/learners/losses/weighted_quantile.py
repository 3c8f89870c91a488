"""Quantiles of values that do not count alike."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def segment_quantiles(
    values: NDArray[Any], weight: NDArray[Any], row: NDArray[Any], n_rows: int, level: float
) -> NDArray[np.float64]:
    """Return the weighted quantile of each row's values, shape (n_rows,).

    It is the value at which the weight below reaches the level, and the mean of two neighbours
    where it reaches it exactly between them.

    Parameters
    ----------
    values, weight : array, shape (n,)
        Values and their non-negative weights, sorted by row, then by value.
    row : array of int, shape (n,)
        Row of each value, 0 to ``n_rows`` - 1; each row has at least one value.
    n_rows : int
        Number of rows.
    level : float
        The quantile, in (0, 1).
    """
    total = np.cumsum(np.asarray(weight, dtype=np.float64))
    last = np.searchsorted(row, np.arange(n_rows), side="right") - 1
    before = np.concatenate([[0.0], total[last[:-1]]])
    wanted = before + level * (total[last] - before)
    # Of the row's own weight: its answer must not depend on the other rows.
    slack = 1e-9 * (total[last] - before)
    first = np.concatenate([[0], last[:-1] + 1])
    low = np.clip(np.searchsorted(total, wanted - slack), first, last)
    high = np.clip(np.searchsorted(total, wanted + slack, side="right"), first, last)
    return np.asarray(0.5 * (values[low] + values[high]), dtype=np.float64)

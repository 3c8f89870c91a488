"""Which made columns say something that no earlier column says."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

SAME = 0.98
"""Absolute rank correlation (Spearman) from which on two columns are one."""
_LEAST_THERE = 0.5
# Variance of the ranks in units of that of ranks without ties; at 0.03 one value has 99 % of rows.
_LEAST_VARIANCE = 0.03


def novel(base: NDArray[Any], made: NDArray[Any], most: int) -> list[int]:
    """Return the positions of at most ``most`` columns of ``made`` worth keeping, in their order.

    A column goes if it has too few numbers, if nearly all rows have one value, or if it orders the
    rows nearly as a column of ``base`` or one kept before it: to trees these are one column.

    Parameters
    ----------
    base, made : array, shape (n_rows, n_columns) and (n_rows, n_made)
        Some rows of both; NaN where there is no number.
    most : int
        Most columns to keep.
    """
    usable = np.flatnonzero(np.isfinite(made).mean(axis=0) >= _LEAST_THERE)
    ranks, spread = _ranks(made[:, usable])
    varied = spread > _LEAST_VARIANCE
    usable, ranks = usable[varied], ranks[:, varied]
    if not len(usable):
        return []
    like_base = np.zeros(len(usable))
    if base.shape[1]:
        like_base = np.abs(_ranks(base)[0].T @ ranks).max(axis=0)
    alike = np.abs(ranks.T @ ranks) > SAME
    kept: list[int] = []
    for place in np.flatnonzero(like_base <= SAME):
        if not alike[place, kept].any():
            kept.append(int(place))
        if len(kept) == most:
            break
    return [int(usable[place]) for place in kept]


def _ranks(X: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return centred ranks of norm 1, missing ones in the middle, and their variance."""
    n_rows = len(X)
    there = ~np.isnan(X)
    # Missing numbers come last, where they change no other rank.
    ranks = rankdata(np.where(there, X, np.inf), axis=0) if X.size else np.zeros(X.shape)
    middle = np.where(there, ranks, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    centred = np.where(there, ranks - middle, 0.0)
    spread = centred.var(axis=0) / max((n_rows**2 - 1) / 12.0, 1e-9)
    norms = np.linalg.norm(centred, axis=0)
    return centred / np.where(norms > 0, norms, 1.0), spread

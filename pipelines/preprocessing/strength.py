"""Mutual information of single columns with the target, from binned values."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.row_weights import effective_count
from espalier.pipelines.seeds import drawn_rows

# A ranking of columns needs no more.
_ROWS = 5_000
_BINS = 16
_AT_ONCE = 256


def mutual_information(
    X: NDArray[Any],
    y: NDArray[Any],
    *,
    classification: bool,
    weight: NDArray[Any] | None = None,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Return the mutual information of each column with the target, in nats.

    Values and a numeric target are cut into at most 16 bins of equal counts, fewer where rows
    are few (about ten rows a pair of bins); missing values are a bin of their own. At most 5,000
    rows, drawn at random, are looked at. The bias of the plug-in estimate is taken off (Miller
    1955, to first order).

    Parameters
    ----------
    X : array, shape (n_rows, n_columns)
        Numbers; NaN for missing.
    y : array, shape (n_rows,)
        Class codes or values.
    classification : bool
        Whether ``y`` holds class codes.
    weight : array or None, shape (n_rows,)
        Weight of each row.
    seed : int
        Seed of the rows that are looked at.

    Returns
    -------
    array, shape (n_columns,)
        Never negative.
    """
    if len(X) > _ROWS:
        rows = drawn_rows(len(X), _ROWS, seed=seed)
        X, y, weight = X[rows], y[rows], None if weight is None else weight[rows]
    n_bins = int(np.clip(np.sqrt(len(y) / 10), 4, _BINS))
    target = np.unique(y, return_inverse=True)[1] if classification else bin_values(y, n_bins)
    n_targets = int(target.max()) + 1
    return np.array(
        [_information(codes, target, n_targets, weight) for codes in bin_columns(X, n_bins)],
        dtype=np.float64,
    )


def bin_columns(X: NDArray[Any], n_bins: int) -> Iterator[NDArray[np.int64]]:
    """Yield what `bin_values` returns for each column, many columns at a time.

    One by one, the quantiles of twenty thousand columns take most of a fit.

    Parameters
    ----------
    X : array, shape (n_rows, n_columns)
        Numbers; NaN for missing.
    n_bins : int
        Most bins of a column.
    """
    shares = np.linspace(0, 1, n_bins + 1)[1:-1]
    for start in range(0, X.shape[1], _AT_ONCE):
        block = X[:, start : start + _AT_ONCE]
        whole = ~np.isnan(block).any(axis=0)
        part = block[:, whole]
        codes = np.zeros(part.shape, dtype=np.int64, order="F")
        before = np.full(part.shape[1], np.nan)
        for edges in np.quantile(part, shares, axis=0) if part.size else ():
            codes += (part > edges) & (edges != before)  # equal edges are one
            before = edges
        found = iter(codes.T)
        for place, column in enumerate(block.T):
            yield next(found) if whole[place] else bin_values(column, n_bins)


def bin_values(values: NDArray[Any], n_bins: int) -> NDArray[np.int64]:
    """Return codes of bins with about equal counts, from 0; missing values get code 16."""
    missing = np.isnan(values)
    seen = values[~missing]
    codes = np.full(len(values), _BINS, dtype=np.int64)
    if len(seen):
        edges = np.unique(np.quantile(seen, np.linspace(0, 1, n_bins + 1)[1:-1]))
        codes[~missing] = np.searchsorted(edges, seen, side="left")
    return codes


def _information(
    column: NDArray[Any], target: NDArray[Any], n_targets: int, weight: NDArray[Any] | None
) -> float:
    cells = column * n_targets + target
    table = np.bincount(cells, weights=weight, minlength=(_BINS + 1) * n_targets)
    joint = table.reshape(_BINS + 1, n_targets) / table.sum()
    n_rows = len(column) if weight is None else effective_count(weight)
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    outer = np.outer(rows, columns)
    used = joint > 0
    plug_in = float(np.sum(joint[used] * np.log(joint[used] / outer[used])))
    degrees = (np.count_nonzero(rows) - 1) * (np.count_nonzero(columns) - 1)
    return max(0.0, plug_in - degrees / (2 * n_rows))

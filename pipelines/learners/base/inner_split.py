"""Split validation rows for early stopping off a model's own training rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.seeds import generator

_MOST_ROWS = 10_000


def inner_split(
    y: NDArray[Any],
    *,
    classification: bool,
    groups: NDArray[Any] | None,
    times: NDArray[Any] | None,
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return sorted positions to train on and to validate on; None if there are too few rows.

    The newest rows validate when there are times, whole groups when there are groups, and every
    class keeps its share otherwise. A class's only row always trains.

    Parameters
    ----------
    y : array, shape (n_rows,)
        Codes or values.
    classification : bool
        Whether ``y`` holds codes.
    groups, times : array or None, shape (n_rows,)
        As in `Dataset`.
    seed : int
        Seed of the draw.
    """
    n_rows = len(y)
    n_valid = min(_MOST_ROWS, round(n_rows * (0.2 if n_rows < 2_000 else 0.12)))
    if n_valid < 2 or n_rows < 10:
        return None
    rng = generator(seed, "inner split")
    valid = np.zeros(n_rows, dtype=bool)
    if times is not None:
        # Rows of one moment stay together, so that nothing of the future is trained on.
        newest = np.sort(times, kind="stable")[n_rows - n_valid]
        valid = times >= newest
    elif groups is not None:
        codes = np.unique(groups, return_inverse=True)[1]
        sizes = np.bincount(codes)
        order = rng.permutation(len(sizes))
        taken = order[np.cumsum(sizes[order]) <= max(n_valid, sizes.min())]
        valid = np.isin(codes, taken)
    elif classification:
        for code in np.unique(y):
            rows = rng.permutation(np.flatnonzero(y == code))
            # Rounded at random, so that rare classes validate in proportion too.
            share = len(rows) * n_valid / n_rows
            taken_rows = int(share) + int(rng.random() < share - int(share))
            valid[rows[: min(taken_rows, len(rows) - 1)]] = True
    else:
        # Evenly over the sorted target: each part sees the whole range of it.
        order = np.argsort(y, kind="stable")
        blocks = np.array_split(order, n_valid)
        valid[[int(rng.choice(block)) for block in blocks]] = True
    if not valid.any() or valid.all():
        return None
    if classification and len(np.unique(y[~valid])) < 2:
        return None
    return np.flatnonzero(~valid), np.flatnonzero(valid)

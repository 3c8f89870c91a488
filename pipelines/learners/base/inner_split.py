"""Split validation rows for early stopping off a model's own training rows."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.splitting.ordered_splits import newest_rows
from espalier.pipelines.seeds import generator

_MOST_ROWS = 10_000
_MOST_SHARE = 0.5

Rows = NDArray[np.int64]


def inner_split(
    y: NDArray[Any],
    *,
    classification: bool,
    groups: NDArray[Any] | None,
    times: NDArray[Any] | None,
    seed: int,
) -> tuple[Rows, Rows] | None:
    """Return sorted positions to train on and to validate on; None if there are too few rows.

    The newest rows validate when there are times, whole groups when there are groups, and every
    class keeps its share otherwise. A class's only row always trains. With both times and groups
    the newest rows validate, and older rows of their groups are in neither part.

    None as well if all rows are of one group or moment, or if no such split leaves two classes to
    train on.

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
    if times is not None or groups is not None:
        splits = _kept_apart(groups, times, n_valid, rng)
    elif classification:
        splits = iter([_each_class(y, n_valid, rng)])
    else:
        splits = iter([_each_range(y, n_valid, rng)])
    for train, valid in splits:
        if len(train) and len(valid) and (not classification or len(np.unique(y[train])) >= 2):
            return train, valid
    return None


def _kept_apart(
    groups: NDArray[Any] | None, times: NDArray[Any] | None, n_valid: int, rng: np.random.Generator
) -> Iterator[tuple[Rows, Rows]]:
    """Yield splits that keep groups together and go forward in time, the best first."""
    n_rows = len(groups if groups is not None else times if times is not None else ())
    if groups is not None and not (groups != groups[0]).any():
        groups = None
    if times is not None and bool((times != times[0]).any()):
        newest: NDArray[np.bool_] = times >= np.sort(times, kind="stable")[n_rows - n_valid]
        train, valid = np.flatnonzero(~newest), np.flatnonzero(newest)
        if groups is not None:
            codes = np.unique(groups, return_inverse=True)[1].reshape(-1).astype(np.int64)
            train, valid = newest_rows(times, codes, n_valid / n_rows)
        if len(valid) <= _MOST_SHARE * n_rows:
            yield train, valid
        # The newest moment holds most of the rows: some of these validate, none of them is newer.
        inside = np.flatnonzero(newest)
        if groups is None:
            yield _apart(np.sort(rng.permutation(inside)[:n_valid]), n_rows)
        else:
            for some in _whole_groups(groups[inside], n_valid, rng):
                held = np.isin(groups, groups[inside[some]])
                yield np.flatnonzero(~held), np.flatnonzero(held & newest)
    if groups is not None:
        for some in _whole_groups(groups, n_valid, rng):
            yield _apart(some, n_rows)


def _whole_groups(groups: NDArray[Any], n_valid: int, rng: np.random.Generator) -> Iterator[Rows]:
    """Yield the rows of groups that fit, in random order; then of single groups, small to large."""
    codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    codes = codes.reshape(-1)
    taken, room = [], n_valid
    for group in rng.permutation(len(sizes)):
        if sizes[group] <= room:
            taken.append(group)
            room -= sizes[group]
    if taken:
        yield np.flatnonzero(np.isin(codes, taken))
    for group in np.argsort(sizes, kind="stable"):
        yield np.flatnonzero(codes == group)


def _each_class(y: NDArray[Any], n_valid: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Validate about the same share of every class."""
    valid = np.zeros(len(y), dtype=bool)
    for code in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == code))
        # Rounded at random, so that rare classes validate in proportion too.
        share = len(rows) * n_valid / len(y)
        n_taken = int(share) + int(rng.random() < share - int(share))
        valid[rows[: min(n_taken, len(rows) - 1)]] = True
    return np.flatnonzero(~valid), np.flatnonzero(valid)


def _each_range(y: NDArray[Any], n_valid: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Validate evenly over the sorted target: each part sees the whole range of it."""
    blocks = np.array_split(np.argsort(y, kind="stable"), n_valid)
    return _apart(np.sort([int(rng.choice(block)) for block in blocks]), len(y))


def _apart(valid: Rows, n_rows: int) -> tuple[Rows, Rows]:
    held = np.zeros(n_rows, dtype=bool)
    held[valid] = True
    return np.flatnonzero(~held), np.flatnonzero(held)

"""Splits forward in time: validation rows are never older than training rows."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.splitting.folds import Fold, FoldPlan
from espalier.pipelines.errors import UserError

FIRST_TRAIN_SHARE = 0.4
"""Share of the oldest rows that is never validated: a model needs a past to learn from."""
PURGED_SHARE = 0.5
"""Share of the older rows that must remain once held-out groups are taken out of them."""


def newest_rows(
    times: NDArray[np.float64], groups: NDArray[np.int64] | None, fraction: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hold out the newest rows.

    Rows of one moment stay together. With groups, older rows of held-out groups are left out of
    both parts; where that would cost more than half of the older rows, the groups that ended last
    are held out whole instead.

    Parameters
    ----------
    times : array, shape (n_rows,)
        Sortable times.
    groups : array or None, shape (n_rows,)
        Group codes.
    fraction : float
        Share of rows to hold out.

    Returns
    -------
    older, newer : array of int64
        Sorted row positions.

    Raises
    ------
    UserError
        All rows are of one moment or one group.
    """
    newer = times >= _cut(times, 1 - fraction)
    if groups is None:
        return np.flatnonzero(~newer), np.flatnonzero(newer)
    clean = ~newer & ~np.isin(groups, np.unique(groups[newer]))
    if clean.sum() >= PURGED_SHARE * (~newer).sum():
        return np.flatnonzero(clean), np.flatnonzero(newer)
    newer = _last_groups(times, groups, fraction)
    return np.flatnonzero(~newer), np.flatnonzero(newer)


def forward_folds(
    times: NDArray[np.float64],
    groups: NDArray[np.int64] | None,
    classes: NDArray[np.int64] | None,
    n_folds: int,
) -> FoldPlan:
    """Return folds that each train on rows older than their validation rows.

    Parameters
    ----------
    times : array, shape (n_rows,)
        Sortable times.
    groups : array or None, shape (n_rows,)
        Group codes; a fold does not train on groups it validates.
    classes : array or None, shape (n_rows,)
        Class codes; a fold whose past has a single class is left out.
    n_folds : int
        Number of folds wanted; 1 validates the newest fifth.

    Raises
    ------
    UserError
        No fold can be made.
    """
    if n_folds == 1:
        train, valid = newest_rows(times, groups, 0.2)
        return FoldPlan((Fold(train, valid),), "hold-out of the newest rows")
    shares = np.linspace(FIRST_TRAIN_SHARE, 1.0, n_folds + 1)
    cuts = [_cut(times, share) for share in shares[:-1]] + [np.inf]
    folds = []
    for start, end in pairwise(cuts):
        valid_rows = (times >= start) & (times < end)
        train_rows = times < start
        if groups is not None:
            train_rows &= ~np.isin(groups, np.unique(groups[valid_rows]))
        if not valid_rows.any() or not train_rows.any():
            continue
        if classes is not None and len(np.unique(classes[train_rows])) < 2:
            continue
        folds.append(Fold(np.flatnonzero(train_rows), np.flatnonzero(valid_rows)))
    if folds:
        return FoldPlan(tuple(folds), f"{len(folds)} folds forward in time")
    train, valid = newest_rows(times, groups, 0.2)
    return FoldPlan((Fold(train, valid),), "hold-out of the newest rows")


def _cut(times: NDArray[np.float64], share: float) -> float:
    """Return the moment before which about ``share`` of the rows lie, and at least one."""
    moments, counts = np.unique(times, return_counts=True)
    if len(moments) < 2:
        raise UserError("all rows are of one moment, so they cannot be split in time")
    before = np.cumsum(counts)[:-1]  # rows before moments[1:]
    nearest = int(np.argmin(np.abs(before - share * len(times))))
    return float(moments[1 + nearest])


def _last_groups(
    times: NDArray[np.float64], groups: NDArray[np.int64], fraction: float
) -> NDArray[np.bool_]:
    """Return a mask of the rows in the groups that ended last, about ``fraction`` of all rows."""
    codes = np.unique(groups, return_inverse=True)[1].reshape(-1)
    n_groups = int(codes.max()) + 1
    if n_groups < 2:
        raise UserError("all rows are of one group, so they cannot be split by group")
    last = np.full(n_groups, -np.inf)
    np.maximum.at(last, codes, times)
    order = np.argsort(-last, kind="stable")
    held = np.cumsum(np.bincount(codes, minlength=n_groups)[order])
    n_held = int(np.argmin(np.abs(held - fraction * len(times)))) + 1
    return np.isin(codes, order[: min(n_held, n_groups - 1)])

"""Split a grown table so that its earlier hold-out rows stay in the hold-out.

Champion and challenger can be compared only on rows that neither was trained on. So earlier
hold-out rows stay in the hold-out, earlier training rows stay in the search, and only new rows are
split.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.splits import split_holdout

FEWEST_KEPT = 30
"""Smallest useful hold-out; with fewer rows, all rows are split again."""
FEWEST_SHARE = 0.5
"""For small tables, this share of the usual size of a hold-out is enough."""
MOST_OF_NEW = 0.5
"""Largest share of the new rows to add to the hold-out if too few old ones are left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StableHoldout:
    """A split into search and hold-out rows that keeps an earlier split.

    Attributes
    ----------
    search, holdout : array of int64
        Sorted row positions; disjoint.
    n_kept : int
        Number of hold-out rows that were in the hold-out before.
    n_new : int
        Number of hold-out rows that are new.
    note : str
        What was done, for display.
    """

    search: NDArray[np.int64]
    holdout: NDArray[np.int64]
    n_kept: int
    n_new: int
    note: str


def keep_holdout(
    dataset: Dataset,
    *,
    was_trained: NDArray[np.bool_],
    was_held: NDArray[np.bool_],
    fraction: float,
    seed: int,
) -> StableHoldout:
    """Split a dataset so that earlier hold-out rows stay in the hold-out.

    With a time column the newest rows are the hold-out, as always: if the table has grown, the
    earlier training run has not seen them either.

    Parameters
    ----------
    dataset : Dataset
        All rows.
    was_trained, was_held : array of bool, shape (n_rows,)
        Rows that the earlier training run was trained on, and its hold-out rows; a row in both
        counts as trained on.
    fraction : float
        Share of rows for the hold-out, in (0, 1).
    seed : int
        The run's seed.

    Raises
    ------
    UserError
        The rows cannot be split: there is only a single row, group or point in time.
    """
    if dataset.times is not None:
        search, holdout = split_holdout(dataset, fraction=fraction, seed=seed)
        fresh = int((~was_trained[holdout]).sum())
        note = (
            f"the newest rows are held out; {fresh:,} of {len(holdout):,} are new to the champion"
        )
        return _described(search, holdout, was_held & ~was_trained, was_trained, note)
    held = was_held & ~was_trained
    if dataset.groups is not None:
        held = _whole_groups(dataset.groups, held)
        was_trained = _whole_groups(dataset.groups, was_trained)
        held &= ~was_trained
    wanted = max(1, round(fraction * len(dataset)))
    new = np.flatnonzero(~held & ~was_trained)
    added = _some_of(dataset, new, wanted, int(held.sum()), fraction, seed)
    chosen = held.copy()
    chosen[added] = True
    _leave_every_class(dataset, chosen)
    if chosen.sum() < min(FEWEST_KEPT, FEWEST_SHARE * wanted):
        search, holdout = split_holdout(dataset, fraction=fraction, seed=seed)
        note = "too few rows are left of the champion's hold-out: all rows are split anew"
        return _described(search, holdout, held, was_trained, note)
    holdout = np.flatnonzero(chosen)
    n_kept = int(held[holdout].sum())
    note = f"{n_kept:,} hold-out rows are kept, {len(holdout) - n_kept:,} new rows join them"
    return _described(np.flatnonzero(~chosen), holdout, held, was_trained, note)


def _some_of(
    dataset: Dataset,
    new: NDArray[np.int64],
    wanted: int,
    n_held: int,
    fraction: float,
    seed: int,
) -> NDArray[np.int64]:
    """Draw the new rows that join ``n_held`` old hold-out rows; more if these are few."""
    if len(new) < 2:
        return new[:0]
    part = dataset.take(new)
    if part.groups is not None and len(np.unique(part.groups)) < 2:
        return new[:0]
    missing = (wanted - n_held) / len(new)
    share = min(MOST_OF_NEW, max(fraction, missing))
    return new[split_holdout(part, fraction=share, seed=seed)[1]]


def _whole_groups(groups: NDArray[np.int64], rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the rows of every group that has one of ``rows``."""
    return np.isin(groups, np.unique(groups[rows]))


def _leave_every_class(dataset: Dataset, chosen: NDArray[np.bool_]) -> None:
    """Move a row from the hold-out to the search for each class that is missing there."""
    if not dataset.problem.is_classification:
        return
    known = np.bincount(dataset.y[~chosen], minlength=dataset.n_classes)
    for code in np.flatnonzero(known == 0):
        rows = np.flatnonzero(chosen & (dataset.y == code))
        if dataset.groups is not None and len(rows):
            rows = np.flatnonzero(dataset.groups == dataset.groups[rows[0]])
            chosen[rows] = False
        else:
            chosen[rows[:1]] = False


def _described(
    search: NDArray[Any],
    holdout: NDArray[Any],
    held: NDArray[np.bool_],
    trained: NDArray[np.bool_],
    note: str,
) -> StableHoldout:
    return StableHoldout(
        search=search,
        holdout=holdout,
        n_kept=int(held[holdout].sum()),
        n_new=int((~held[holdout] & ~trained[holdout]).sum()),
        note=note,
    )

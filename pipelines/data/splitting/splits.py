"""Split off hold-out rows, and assign the search rows to folds.

All splits keep groups together and go forward in time where a dataset has groups or times;
otherwise they are stratified: by class, or by the rank of a numeric target.
"""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.folds import Fold, FoldPlan
from espalier.pipelines.data.splitting.ordered_splits import forward_folds, newest_rows
from espalier.pipelines.data.splitting.strata import assign_groups, assign_rows, strata
from espalier.pipelines.errors import UserError
from espalier.pipelines.seeds import generator

HOLDOUT_ROWS = 20_000
"""Most rows to hold out: more make the score hardly more precise."""
ONE_SPLIT_ROWS = 20_000
"""From this many rows a single validation part is as good as folds, and five times as quick."""
ONE_SPLIT_FOLDS = 1
"""Value of ``n_folds`` that means one split."""
REPEAT_ROWS = 500
"""Below this many rows the folds are drawn twice, as scores depend much on the draw."""
MANY_CELLS = 5_000_000
"""Above this many cells there are three folds instead of five."""


def default_holdout_fraction(n_rows: int) -> float:
    """Return the share of rows to hold out: 20 %, less where that is over 20,000 rows."""
    return min(0.2, HOLDOUT_ROWS / max(n_rows, 1))


def split_holdout(
    dataset: Dataset, *, fraction: float = 0.2, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split off rows that the search never sees.

    Parameters
    ----------
    dataset : Dataset
        All rows.
    fraction : float
        Share of rows to hold out, in (0, 1).
    seed : int
        The run's seed.

    Returns
    -------
    search, holdout : array of int64
        Sorted row positions; disjoint, neither empty. They cover all rows, unless the dataset has
        both groups and times: then older rows of held-out groups are in neither. Every class has a
        row in the search part where groups and times allow it.

    Raises
    ------
    UserError
        The rows cannot be split: a single row, group or moment.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must be between 0 and 1, not {fraction}")
    n_rows = len(dataset)
    if n_rows < 2:
        raise UserError(f"{n_rows} row(s) cannot be split; give more rows")
    if dataset.times is not None:
        return newest_rows(dataset.times, dataset.groups, fraction)
    rng = generator(seed, "holdout")
    if dataset.groups is not None:
        held = _held_groups(dataset, fraction, rng)
    else:
        held = _held_rows(dataset, fraction, rng)
    return np.flatnonzero(~held), np.flatnonzero(held)


def most_folds(n_rows: int, n_columns: int) -> int:
    """Return the number of folds for a table of this size when time is not limited.

    Five; three where it has very many cells; one split from 20,000 rows on.
    """
    if n_rows >= ONE_SPLIT_ROWS:
        return ONE_SPLIT_FOLDS
    return 3 if n_rows * max(n_columns, 1) > MANY_CELLS else 5


def plan_folds(dataset: Dataset, *, seed: int, n_folds: int | None = None) -> FoldPlan:
    """Assign rows to folds, or to the two parts of one split.

    Folds are drawn twice below 500 rows; at most 20,000 rows validate one split. Rows of a class
    that has one row only are always trained on and never validated.

    Parameters
    ----------
    dataset : Dataset
        The search rows.
    seed : int
        The run's seed.
    n_folds : int or None
        Number of folds; 1 for one split; None for the default of this size (`most_folds`).

    Raises
    ------
    UserError
        The rows cannot be split: a single row, group or moment.
    """
    n_rows = len(dataset)
    if n_rows < 2:
        raise UserError(f"{n_rows} row(s) cannot be split into folds; give more rows")
    if n_folds is None:
        n_folds = most_folds(n_rows, dataset.X.shape[1])
    if dataset.times is not None:
        return forward_folds(
            dataset.times,
            dataset.groups,
            dataset.y if dataset.problem.is_classification else None,
            n_folds,
        )
    if n_folds == ONE_SPLIT_FOLDS:
        fraction = default_holdout_fraction(n_rows)
        rng = generator(seed, "folds", 0)
        train, valid = _one_split(dataset, fraction, rng)
        share = f"{100 * len(valid) / n_rows:.0f} %"
        return FoldPlan((Fold(train, valid),), f"hold-out of {share}{_manner(dataset)}")
    repeats = 2 if n_rows < REPEAT_ROWS else 1
    folds: list[Fold] = []
    for repeat in range(repeats):
        rng = generator(seed, "folds", repeat)
        folds.extend(_cross_validation(dataset, n_folds, rng))
    n_made = len(folds) // repeats
    twice = ", drawn twice" if repeats == 2 else ""
    return FoldPlan(tuple(folds), f"{n_made}-fold cross-validation{twice}{_manner(dataset)}")


def _cross_validation(dataset: Dataset, n_folds: int, rng: np.random.Generator) -> list[Fold]:
    """Return the folds of one random assignment of rows to folds."""
    labels = strata(dataset)
    if dataset.groups is not None:
        n_groups = len(np.unique(dataset.groups))
        if n_groups < 2:
            raise UserError("all rows are of one group, so they cannot be split by group")
        part = assign_groups(dataset.groups, labels, min(n_folds, n_groups), rng)
    else:
        part = assign_rows(labels, min(n_folds, len(dataset)), rng)
        if dataset.problem.is_classification:
            part = _never_validate_lonely(dataset.y, part)
    return [
        Fold(np.flatnonzero(part != number), np.flatnonzero(part == number))
        for number in range(int(part.max()) + 1)
        if (part == number).any()
    ]


def _never_validate_lonely(y: NDArray[np.int64], part: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the fold numbers with -1 (never validated) for rows that are alone in their class."""
    lonely = np.bincount(y)[y] == 1
    left = part[~lonely]
    # A tiny table of lonely rows still needs two folds.
    if len(np.unique(left)) < 2:
        return part
    return np.where(lonely, -1, part)


def _one_split(
    dataset: Dataset, fraction: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return train and validation rows of a single split."""
    if dataset.groups is not None:
        held = _held_groups(dataset, fraction, rng)
    else:
        held = _held_rows(dataset, fraction, rng)
    return np.flatnonzero(~held), np.flatnonzero(held)


def _held_rows(dataset: Dataset, fraction: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a mask of stratified hold-out rows; the only row of a class is never held out."""
    n_rows = len(dataset)
    wanted = min(max(round(fraction * n_rows), 1), n_rows - 1)
    labels = strata(dataset)
    order = rng.permutation(n_rows)
    order = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels)
    rank = np.arange(n_rows) - np.repeat(np.cumsum(counts) - counts, counts)
    size = counts[labels[order]]
    # The row of rank r in a class of c rows sits at (r + 1/2) / c: taking the smallest keys takes
    # the same share of every class, to the row.
    key = (rank + 0.5) / size + rng.random(n_rows) * 1e-9
    if dataset.problem.is_classification:
        key[rank == size - 1] = 2.0  # every class keeps a row to learn from
        wanted = max(min(wanted, int((key < 2.0).sum())), 1)
    held = np.zeros(n_rows, dtype=bool)
    held[order[np.argsort(key, kind="stable")[:wanted]]] = True
    return held


def _held_groups(dataset: Dataset, fraction: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a mask of hold-out rows, whole groups at a time, roughly stratified."""
    groups = dataset.groups
    assert groups is not None
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        raise UserError("all rows are of one group, so they cannot be split by group")
    n_parts = min(max(round(1 / fraction), 2), n_groups)
    part = assign_groups(groups, strata(dataset), n_parts, rng)
    sizes = np.bincount(part, minlength=n_parts)
    chosen = int(np.argmin(np.abs(sizes - fraction * len(dataset))))
    return part == chosen


def _manner(dataset: Dataset) -> str:
    """Describe how the rows are split, for `FoldPlan.description`."""
    if dataset.groups is not None:
        return ", groups kept together"
    return ", stratified" if dataset.problem.is_classification else ""

"""Detect columns that give the target away, and hold-out rows that repeat search rows.

A column is dropped only when it *is* the target: a copy, a renaming, a rescaling, or missing
exactly where the target has one class. A column that merely predicts very well may be legitimate,
so the user is warned and decides. The same holds for a rescaling where nothing else is left: who
gives that column alone asks for the formula (degrees Fahrenheit from Celsius).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.column_skill import skill
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.seeds import generator

SAMPLE_ROWS = 5_000
"""Rows of the first scan; a suspected copy is then checked on all rows."""
SAMPLE_CELLS = 3_000_000
"""The sample shrinks where a table is wide."""
MIN_ROWS = 20
"""Fewest rows to scan: fewer agree by chance."""
STRONG = 0.98
"""Skill of a single column from which the user is warned."""
USUAL = 0.5
"""Median skill of all columns above which there is no warning: the problem is easy."""
AFFINE = 0.99999
"""Absolute correlation from which a numeric column is a rescaled copy of the target."""
COVERAGE = 0.99
"""Share of rows in which a column must have a value to be called a copy of the target."""


@dataclass(frozen=True, slots=True)
class LeakageFinding:
    """A column that gives the target away, or is suspected of it.

    Attributes
    ----------
    column : str
        Its name.
    kind : str
        ``copy``, ``scale`` (another number for each of the target's), ``missingness`` or
        ``strong``.
    reason : str
        What was seen, in words for the user.
    action : str
        ``drop`` or ``warn``.
    """

    column: str
    kind: str
    reason: str
    action: str


def scan_leakage(dataset: Dataset, seed: int) -> tuple[LeakageFinding, ...]:
    """Look for columns that give the target away.

    Parameters
    ----------
    dataset : Dataset
        All rows.
    seed : int
        The run's seed; draws the sample.

    Returns
    -------
    tuple of LeakageFinding
        In column order; empty for fewer than 20 rows.
    """
    if len(dataset) < MIN_ROWS:
        return ()
    n_sample = min(len(dataset), SAMPLE_ROWS, max(500, SAMPLE_CELLS // dataset.X.shape[1]))
    rng = generator(seed, "leakage")
    rows = np.sort(rng.permutation(len(dataset))[:n_sample])
    sample = dataset.take(rows)
    half = rng.permutation(n_sample) < n_sample // 2
    findings: dict[str, LeakageFinding] = {}
    skills: dict[str, float] = {}
    for column, role in dataset.roles.items():
        if role.is_array:
            continue  # no single number says what a picture shows
        found = _identity(sample, column, role) and _identity(dataset, column, role)
        if found:
            findings[column] = found
        elif role is not ColumnRole.TEXT:
            skills[column] = skill(sample, column, half)
    # One strong column among weak ones is suspicious; among strong ones it is an easy problem.
    if len(skills) < 2 or float(np.median(list(skills.values()))) <= USUAL:
        for column, value in skills.items():
            if value >= STRONG:
                findings[column] = LeakageFinding(column, "strong", _strength(value), "warn")
    if not any(column not in findings or findings[column].action == "warn" for column in dataset.X):
        findings = {column: _kept(found) for column, found in findings.items()}
    return tuple(findings[column] for column in dataset.roles if column in findings)


def count_duplicates(
    dataset: Dataset, search: NDArray[np.int64], holdout: NDArray[np.int64]
) -> int:
    """Return how many hold-out rows repeat a search row in every feature and the target.

    Parameters
    ----------
    dataset : Dataset
        All rows.
    search, holdout : array of int64
        Row positions of the two parts.
    """
    codes = pd.util.hash_array(np.ascontiguousarray(dataset.y))
    for position, column in enumerate(dataset.X.columns):
        cells = dataset.X[column].to_numpy()
        if dataset.roles[column].is_array:
            texts = [each.tobytes() if isinstance(each, np.ndarray) else b"" for each in cells]
            cells = np.array([*texts, None], dtype=object)[:-1]
        if cells.dtype.kind == "O":
            cells = pd.factorize(cells)[0]
        # Odd factors by position, so that equal cells in swapped columns do not cancel.
        codes = codes * np.uint64(6364136223846793005) + pd.util.hash_array(cells) * np.uint64(
            2 * position + 1
        )
    return int(np.isin(codes[holdout], codes[search]).sum())


def _identity(dataset: Dataset, column: str, role: ColumnRole) -> LeakageFinding | None:
    """Return a finding if the column encodes the target itself, else None."""
    cells = dataset.X[column].to_numpy()
    if not dataset.problem.is_classification:
        if role is ColumnRole.NUMERIC:
            return _same_numbers(cells, dataset.y, column)
        return None
    if _one_to_one(cells, dataset.y):
        reason = "each of its values goes with one class of the target and no other"
        return LeakageFinding(column, "copy", reason, "drop")
    missing = np.asarray(pd.isna(cells))
    if missing.any() and dataset.n_classes == 2 and _one_to_one(missing, dataset.y):
        reason = "it is missing exactly where the target has one of its classes"
        return LeakageFinding(column, "missingness", reason, "drop")
    return None


def _kept(found: LeakageFinding) -> LeakageFinding:
    """Return the finding for a table of which nothing else is left."""
    if found.kind != "scale":
        return found
    reason = f"{found.reason}; it is used because no other column is left"
    return replace(found, reason=reason, action="warn")


def _one_to_one(cells: NDArray[Any], y: NDArray[np.int64]) -> bool:
    """Whether the column's values and the classes correspond one to one."""
    n_classes = len(np.unique(y))
    # The first rows rule most columns out, without counting all values.
    if len(cells) > 1000 and len(pd.unique(pd.Series(cells[:1000]))) > n_classes:
        return False
    codes, uniques = pd.factorize(cells, use_na_sentinel=False)
    if len(uniques) != n_classes or n_classes < 2:
        return False
    return len(np.unique(codes.astype(np.int64) * (int(y.max()) + 1) + y)) == n_classes


def _same_numbers(
    cells: NDArray[np.float64], y: NDArray[np.float64], column: str
) -> LeakageFinding | None:
    """Return a finding if a numeric column is a copy or monotone function of the target."""
    present = np.isfinite(cells)
    if present.sum() < max(MIN_ROWS, COVERAGE * len(y)):
        return None
    x, target = cells[present], y[present]
    if len(np.unique(target)) < 3 or x.min() == x.max():
        return None
    if np.array_equal(x, target):
        return LeakageFinding(column, "copy", "it equals the target in every row", "drop")
    if abs(_correlation(x, target)) >= AFFINE:
        reason = "it is the target on another scale (correlation 1)"
        return LeakageFinding(column, "scale", reason, "drop")
    if _monotone_copy(x, target):
        reason = "it orders the rows exactly as the target does, ties included"
        return LeakageFinding(column, "scale", reason, "drop")
    return None


def _monotone_copy(x: NDArray[np.float64], target: NDArray[np.float64]) -> bool:
    """Whether x is a strictly monotone function of the target, which has many values."""
    codes, other = (np.unique(values, return_inverse=True)[1] for values in (x, target))
    top = int(other.max())
    if top < MIN_ROWS or int(codes.max()) != top:
        return False
    return bool((codes == other).all() or (codes == top - other).all())


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return Pearson's correlation; 0 where a side is constant or overflows."""
    with np.errstate(all="ignore"):
        x = x / np.abs(x).max()
        y = y / max(float(np.abs(y).max()), np.finfo(float).tiny)
        x, y = x - x.mean(), y - y.mean()
        value = float((x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum()))
    return value if np.isfinite(value) else 0.0


def _strength(value: float) -> str:
    """Return the warning about a column of this skill."""
    return (
        f"alone it says {100 * value:.1f} % of the target on rows it was not learned from, far "
        "more than the other columns; exclude it if it is not known when you predict"
    )

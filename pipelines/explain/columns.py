"""What each column of a training table holds, in a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole

MOST_COLUMNS = 200
MOST_ROWS = 50_000
FEWEST_ALIKE = 20
"""Rows that must have a value before it is quoted."""
_BINS = 12
_LONGEST = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSummary:
    """A column in a line.

    Attributes
    ----------
    name, role : str
        The column, and what kind of values it holds.
    missing : float
        Share of rows without a value.
    n_distinct : int or None
        Number of distinct values; None for vectors.
    said : str
        Range and middle of numbers and dates, or the most frequent values.
    shape : tuple of float
        Heights of a histogram in [0, 1]; empty for what has none.
    """

    name: str
    role: str
    missing: float
    n_distinct: int | None
    said: str
    shape: tuple[float, ...] = ()


def summarise_columns(
    dataset: Dataset, *, names_values: bool = True, first: Sequence[str] = ()
) -> tuple[ColumnSummary, ...]:
    """Return a line for each column of a prepared table, at most `MOST_COLUMNS`.

    Parameters
    ----------
    dataset : Dataset
        The rows; of more than `MOST_ROWS`, evenly spaced ones are looked at.
    names_values : bool
        Whether values may be quoted, if `FEWEST_ALIKE` rows have them.
    first : sequence of str
        Columns to begin with, such as the most important ones.
    """
    step = -(-max(len(dataset), 1) // MOST_ROWS)
    table = dataset.X.iloc[::step]
    ordered = [name for name in first if name in dataset.roles]
    ordered += [name for name in dataset.roles if name not in set(ordered)]
    return tuple(
        _summary(name, dataset.roles[name], table[name], names_values)
        for name in ordered[:MOST_COLUMNS]
    )


def _summary(
    name: str, role: ColumnRole, cells: "pd.Series[Any]", names_values: bool
) -> ColumnSummary:
    known = cells.dropna()
    missing = 1.0 - len(known) / max(len(cells), 1)
    if role.is_array:
        return ColumnSummary(name=name, role=str(role), missing=missing, n_distinct=None, said="")
    if role is ColumnRole.NUMERIC:
        values = known.to_numpy(dtype=np.float64)
        said = _range([f"{each:.4g}" for each in _quantiles(values)])
        shape = _histogram(values)
    elif role.is_date:
        seconds = known.to_numpy().astype("datetime64[s]").astype(np.int64).astype(np.float64)
        days = [str(np.datetime64(int(each), "s"))[:10] for each in _quantiles(seconds)]
        said, shape = _range(days), _histogram(seconds)
    else:
        counts = known.value_counts()
        frequent = counts[counts >= FEWEST_ALIKE].head(3) if names_values else counts.iloc[:0]
        said = ", ".join(
            f"{_short(str(value))} {count / max(len(cells), 1):.0%}"
            for value, count in frequent.items()
        )
        shape = _heights(counts.head(_BINS).to_numpy()) if role is ColumnRole.CATEGORICAL else ()
    return ColumnSummary(
        name=name,
        role="date" if role.is_date else str(role),
        missing=missing,
        n_distinct=int(known.nunique()),
        said=said,
        shape=shape,
    )


def _quantiles(values: np.ndarray) -> list[float]:
    """Return the values of which 1, 50 and 99 % of rows have less; single rows show in none."""
    return [float(each) for each in np.quantile(values, (0.01, 0.5, 0.99))] if len(values) else []


def _range(three: list[str]) -> str:
    return f"{three[0]} to {three[2]}, middle {three[1]}" if three else ""


def _histogram(values: np.ndarray) -> tuple[float, ...]:
    """Return heights of equally wide ranges between the outer quantiles."""
    if len(values) < 2:
        return ()
    low, high = np.quantile(values, (0.01, 0.99))
    if not high > low or not np.isfinite(high - low):
        return ()
    counts, _ = np.histogram(np.clip(values, low, high), bins=_BINS, range=(low, high))
    return _heights(counts)


def _heights(counts: np.ndarray) -> tuple[float, ...]:
    most = counts.max() if len(counts) else 0
    return tuple(round(float(each / most), 2) for each in counts) if most else ()


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"

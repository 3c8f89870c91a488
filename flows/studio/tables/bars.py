"""Histograms of columns, as bars that the pages draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.data.parsing.readings import is_date, is_number, is_timedelta, to_float

_BINS = 20
_MOST_LEVELS = 12
_LONGEST_LABEL = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes
    ----------
    label : str
        What it counts.
    count : int
        Number of rows.
    share : float
        Its height: ``count`` as a share of the largest bar.
    """

    label: str
    count: int
    share: float


def bars_of(series: "pd.Series[Any]", *, as_classes: bool = False) -> tuple[Bar, ...]:
    """Return the histogram of a column; empty where it has no cell, or only single values.

    Parameters
    ----------
    series : Series, shape (n_rows,)
        The column.
    as_classes : bool
        Whether every value is counted by itself, numbers too.
    """
    cells = series.dropna()
    if cells.empty or is_date(series.dtype) or is_timedelta(series.dtype):
        return ()
    if is_number(series.dtype) and not as_classes and not pd.api.types.is_bool_dtype(series.dtype):
        values = to_float(cells)
        return number_bars(values[np.isfinite(values)])
    counts = cells.astype(str).value_counts()
    if not as_classes and len(counts) > 2 and counts.iloc[0] < 2:
        return ()
    shown = [(short(str(label)), int(n)) for label, n in counts.iloc[:_MOST_LEVELS].items()]
    rest = int(counts.iloc[_MOST_LEVELS:].sum())
    if rest:
        shown.append((f"{len(counts) - _MOST_LEVELS:,} others", rest))
    return _scaled(shown)


def number_bars(values: "np.typing.NDArray[np.float64]") -> tuple[Bar, ...]:
    """Return the histogram of finite numbers, shape (n,); a few far values share the end bars."""
    if not len(values):
        return ()
    low, high = np.quantile(values, [0.005, 0.995])
    if not high > low:
        low, high = float(values.min()), float(values.max())
    if not high > low:
        return _scaled([(f"{low:.4g}", len(values))])
    distinct = np.unique(values)
    if len(distinct) <= _MOST_LEVELS:
        return _scaled([(f"{value:.4g}", int((values == value).sum())) for value in distinct])
    counts, edges = np.histogram(np.clip(values, low, high), bins=_BINS, range=(low, high))
    labels = [f"{a:.4g} to {b:.4g}" for a, b in pairwise(edges)]
    return _scaled(list(zip(labels, map(int, counts), strict=True)))


def short(text: str) -> str:
    """Return a text in at most 40 characters."""
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"


def _scaled(counts: Sequence[tuple[str, int]]) -> tuple[Bar, ...]:
    most = max(n for _, n in counts)
    return tuple(Bar(label, n, n / most) for label, n in counts)

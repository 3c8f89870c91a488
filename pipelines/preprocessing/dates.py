"""Dates as numbers: their parts, the same parts on a circle, and the days between dates."""

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

MOST_GAPS = 15
"""Most pairs of date columns whose difference is a feature: all pairs of six columns."""
SEEN_CYCLES = 2
"""Cycles, such as years, that the rows must span before a part of the cycle is a feature of the
column that orders them."""

PERIODS = {"month": 12.0, "weekday": 7.0, "hour": 24.0, "day_of_year": 365.25}
DAY = 86_400.0
_CYCLE_DAYS = {
    "month": 365.25,
    "day": 30.44,
    "day_of_year": 365.25,
    "weekday": 7.0,
    "hour": 1.0,
    "minute": 1.0 / 24.0,
}
_TREND = ("days", "year")


class DateParts(TransformerMixin, BaseEstimator):
    """Turn each date column into numbers.

    Days since 1970, year, month, day, day of the year, weekday, hour and minute; parts that do
    not vary are left out by the numeric block that follows.

    Of the column that orders the rows, later rows have later days than all that were learned from.
    Days and year, its trend, are a choice: a tree keeps the last level, but a line may go anywhere.
    A part whose cycle the rows have not seen twice is left out: in half a year of rows, the month
    is a trend too.

    Parameters
    ----------
    cyclic : bool
        Whether month, weekday, hour and day of the year also appear as sine and cosine, so that
        December lies beside January.
    gaps : bool
        Whether the days between each two date columns are features; at most `MOST_GAPS`.
    time : str or None
        The column that orders the rows.
    trend : bool
        Whether days and year of that column are features.
    """

    # A model that an earlier version saved has no such attributes.
    gaps: bool = False
    time: str | None = None
    unseen_: frozenset[str] = frozenset()

    def __init__(
        self,
        cyclic: bool = False,
        gaps: bool = False,
        time: str | None = None,
        trend: bool = False,
    ) -> None:
        self.cyclic = cyclic
        self.gaps = gaps
        self.time = time
        self.trend = trend

    def fit(self, X: pd.DataFrame, y: NDArray[Any] | None = None) -> "DateParts":
        """Learn which cycles the time column has gone through.

        Parameters
        ----------
        X : DataFrame, shape (n_rows, n_dates)
            Date columns, the time column among them if there is one.
        y : array or None
            Not used.
        """
        del y
        self.unseen_ = frozenset()
        if self.time is not None:
            span = _days(pd.DatetimeIndex(X[self.time]))
            known = span[~np.isnan(span)]
            days = float(known.max() - known.min()) if len(known) else 0.0
            short = {name for name, cycle in _CYCLE_DAYS.items() if days < SEEN_CYCLES * cycle}
            self.unseen_ = frozenset(short if self.trend else short.union(_TREND))
        return self

    def transform(self, X: pd.DataFrame) -> NDArray[Any]:
        """Return float64 parts, NaN where the date is missing."""
        parts: list[NDArray[Any]] = []
        for name in X.columns:
            unseen = self.unseen_ if name == self.time else frozenset()
            parts.extend(self._parts(pd.DatetimeIndex(X[name]), unseen).values())
        if self.gaps:
            days = {name: _days(pd.DatetimeIndex(X[name])) for name in X.columns}
            pairs = list(combinations(X.columns, 2))[:MOST_GAPS]
            parts.extend(days[second] - days[first] for first, second in pairs)
        if not parts:
            return np.empty((len(X), 0))
        return np.column_stack(parts)

    def _parts(self, dates: pd.DatetimeIndex, unseen: frozenset[str]) -> dict[str, NDArray[Any]]:
        parts: dict[str, NDArray[Any]] = {
            "days": _days(dates),
            "year": dates.year.to_numpy(dtype=np.float64),
            "month": dates.month.to_numpy(dtype=np.float64),
            "day": dates.day.to_numpy(dtype=np.float64),
            "day_of_year": dates.day_of_year.to_numpy(dtype=np.float64),
            "weekday": dates.day_of_week.to_numpy(dtype=np.float64),
            "hour": dates.hour.to_numpy(dtype=np.float64),
            "minute": dates.minute.to_numpy(dtype=np.float64),
        }
        parts = {name: values for name, values in parts.items() if name not in unseen}
        if self.cyclic:
            for name, period in PERIODS.items():
                if name in parts:
                    angle = 2 * np.pi * parts[name] / period
                    parts[f"{name}_sin"], parts[f"{name}_cos"] = np.sin(angle), np.cos(angle)
        return parts


def _days(dates: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Return days since 1970, NaN where the date is missing."""
    seconds = (dates - pd.Timestamp(0)).total_seconds().to_numpy(dtype=np.float64)
    return np.asarray(seconds / DAY)

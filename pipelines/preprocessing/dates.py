"""Dates as numbers: their parts, and the same parts on a circle."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

_PERIODS = {"month": 12.0, "weekday": 7.0, "hour": 24.0, "day_of_year": 365.25}
_DAY = 86_400.0


class DateParts(TransformerMixin, BaseEstimator):
    """Turn each date column into numbers.

    Days since 1970, year, month, day, day of the year, weekday, hour and minute; parts that do
    not vary are left out by the numeric block that follows.

    Parameters
    ----------
    cyclic : bool
        Whether month, weekday, hour and day of the year also appear as sine and cosine, so that
        December lies beside January.
    """

    def __init__(self, cyclic: bool = False) -> None:
        self.cyclic = cyclic

    def fit(self, X: pd.DataFrame, y: NDArray[Any] | None = None) -> "DateParts":
        """Do nothing: there is nothing to learn."""
        del X, y
        self.fitted_ = True
        return self

    def transform(self, X: pd.DataFrame) -> NDArray[Any]:
        """Return float64 parts, NaN where the date is missing."""
        parts: list[NDArray[Any]] = []
        for name in X.columns:
            parts.extend(self._parts(pd.DatetimeIndex(X[name])).values())
        if not parts:
            return np.empty((len(X), 0))
        return np.column_stack(parts)

    def _parts(self, dates: pd.DatetimeIndex) -> dict[str, NDArray[Any]]:
        seconds = (dates - pd.Timestamp(0)).total_seconds().to_numpy(dtype=np.float64)
        parts: dict[str, NDArray[Any]] = {
            "days": seconds / _DAY,
            "year": dates.year.to_numpy(dtype=np.float64),
            "month": dates.month.to_numpy(dtype=np.float64),
            "day": dates.day.to_numpy(dtype=np.float64),
            "day_of_year": dates.day_of_year.to_numpy(dtype=np.float64),
            "weekday": dates.day_of_week.to_numpy(dtype=np.float64),
            "hour": dates.hour.to_numpy(dtype=np.float64),
            "minute": dates.minute.to_numpy(dtype=np.float64),
        }
        if self.cyclic:
            for name, period in _PERIODS.items():
                angle = 2 * np.pi * parts[name] / period
                parts[f"{name}_sin"], parts[f"{name}_cos"] = np.sin(angle), np.cos(angle)
        return parts

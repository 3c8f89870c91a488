"""The user's time column: what it is, and the same type back.

Times become either whole numbers or time stamps. Stamps of one zone keep their wall clock for steps
of a day and more (a day of 23 hours is one day), and are counted in UTC for shorter ones. Several
zones are brought to UTC.
"""

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.errors import UserError

KINDS = ("whole", "stamp", "text", "date", "period")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeType:
    """The type of a time column.

    Attributes
    ----------
    kind : str
        ``whole`` numbers, ``stamp``, ``text``, ``date`` (of `datetime`) or ``period``.
    dtype : object
        The column's dtype.
    zone : object
        Time zone of the stamps; None for none.
    text : str or None
        Format of times given as text.
    """

    kind: str
    dtype: Any
    zone: Any = None
    text: str | None = None

    def back(self, times: "pd.Series[Any]") -> "pd.Series[Any]":
        """Return times, as `read_times` gave them, in the user's type."""
        if self.kind == "whole":
            try:
                return times.astype(self.dtype)
            except (TypeError, ValueError, OverflowError):
                return times
        if self.kind == "text":
            return times.dt.strftime(self.text) if self.text else times.astype(str)
        if self.kind == "date":
            return times.dt.date
        if self.kind == "period":
            return times.dt.to_period(self.dtype.freq)
        try:
            return times.astype(self.dtype)
        except (TypeError, ValueError):
            return times


def read_times(column: "pd.Series[Any]", name: str) -> "tuple[pd.Series[Any], TimeType, list[str]]":
    """Return whole numbers or time stamps, the column's type, and notes for the user.

    Raises
    ------
    UserError
        Times are missing or cannot be read.
    """
    if column.isna().any():
        missing = int(column.isna().sum())
        raise UserError(f"{missing} row(s) of time column {name!r} are empty; fill or remove them")
    dtype = column.dtype
    if isinstance(dtype, pd.PeriodDtype):
        return column.dt.to_timestamp(), TimeType(kind="period", dtype=dtype), []
    if pd.api.types.is_bool_dtype(dtype):
        raise UserError(f"time column {name!r} holds true and false; name a column of times")
    if pd.api.types.is_numeric_dtype(dtype):
        return _whole(column, name), TimeType(kind="whole", dtype=dtype), []
    if isinstance(dtype, pd.DatetimeTZDtype):
        return column, TimeType(kind="stamp", dtype=dtype, zone=dtype.tz), []
    if pd.api.types.is_datetime64_dtype(dtype):
        return column, TimeType(kind="stamp", dtype=dtype), []
    first = column.iloc[0]
    if isinstance(first, datetime.date) and not isinstance(first, datetime.datetime):
        return _stamps(column, name), TimeType(kind="date", dtype=dtype), []
    if isinstance(first, datetime.datetime):
        return _objects(column, name)
    texts = column.astype(str)
    numbers = pd.to_numeric(texts, errors="coerce")
    if numbers.notna().all() and not texts.str.fullmatch(r"(19|20)\d{6}").all():
        return _whole(numbers, name), TimeType(kind="whole", dtype=numbers.dtype), []
    return _texts(texts, name)


def _whole(column: "pd.Series[Any]", name: str) -> "pd.Series[Any]":
    values = column.to_numpy(dtype=np.float64)
    if not np.isfinite(values).all() or (values != np.round(values)).any():
        raise UserError(
            f"time column {name!r} holds numbers that are not whole; give time stamps or counts"
        )
    return pd.Series(values.astype(np.int64), index=column.index)


def _objects(column: "pd.Series[Any]", name: str) -> "tuple[pd.Series[Any], TimeType, list[str]]":
    """Read objects of `datetime`, which may be of several zones."""
    zones = {str(each.tzinfo) for each in column}
    if len(zones) == 1:
        stamps = _stamps(column, name)
        zone = getattr(stamps.dtype, "tz", None)
        return stamps, TimeType(kind="stamp", dtype=stamps.dtype, zone=zone), []
    if "None" in zones:
        raise UserError(
            f"time column {name!r} has time stamps with and without a zone; give all of them one"
        )
    stamps = _stamps(column, name, utc=True)
    note = f"time column {name!r} has {len(zones)} time zones; times are in UTC from here on"
    return stamps, TimeType(kind="stamp", dtype=stamps.dtype, zone=stamps.dt.tz), [note]


def _texts(texts: "pd.Series[Any]", name: str) -> "tuple[pd.Series[Any], TimeType, list[str]]":
    form = pd.tseries.api.guess_datetime_format(texts.iloc[0])
    offsets = texts.str.extract(r"([+-]\d\d:?\d\d|Z)$")[0]
    zoned = offsets.notna() & texts.str.contains(":")
    if zoned.any() and not zoned.all():
        raise UserError(
            f"time column {name!r} has time stamps with and without a zone; give all of them one"
        )
    if zoned.any():
        stamps = _stamps(texts, name, utc=True)
        several = len(offsets.unique()) > 1
        note = f"time column {name!r} has several offsets from UTC; times are in UTC from here on"
        kind = TimeType(kind="stamp", dtype=stamps.dtype, zone=stamps.dt.tz)
        return stamps, kind, [note] if several else []
    stamps = _stamps(texts, name, form=form)
    return stamps, TimeType(kind="text", dtype=texts.dtype, text=form), []


def _stamps(
    column: "pd.Series[Any]", name: str, *, utc: bool = False, form: str | None = None
) -> "pd.Series[Any]":
    if form is not None:
        try:
            return pd.to_datetime(column, utc=utc, format=form)
        except (ValueError, TypeError):
            pass  # written in several ways
    try:
        return pd.to_datetime(column, utc=utc, format="mixed")
    except (ValueError, TypeError) as problem:
        raise UserError(
            f"time column {name!r} cannot be read as times ({problem}); the first value is "
            f"{column.iloc[0]!r}"
        ) from None

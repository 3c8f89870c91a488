"""The user's time column: what it is, and the same type back.

Times become either whole numbers or time stamps. Stamps of one zone keep their wall clock for steps
of a day and more (a day of 23 hours is one day), and are counted in UTC for shorter ones. Several
zones are brought to UTC.
"""

import datetime
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.errors import UserError

# What pandas does not guess.
_SHORT_YEARS = ("%d.%m.%y", "%m/%d/%y", "%d/%m/%y")

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


def read_times(
    column: "pd.Series[Any]", name: str, *, like: TimeType | None = None
) -> "tuple[pd.Series[Any], TimeType, list[str]]":
    """Return whole numbers or time stamps, the column's type, and notes for the user.

    Parameters
    ----------
    column : Series
        The times.
    name : str
        Name of the column, for messages.
    like : TimeType or None
        How the training had them: of a few dates as text it cannot be told what is the day.

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
    return _texts(texts, name, None if like is None else like.text)


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


def _texts(
    texts: "pd.Series[Any]", name: str, known: str | None
) -> "tuple[pd.Series[Any], TimeType, list[str]]":
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
    found = _by_format(texts, known)
    if len(found) > 1:
        found, notes = _regular(found, texts.iloc[0], name)
    else:
        notes = []
    for form, stamps in found.items():
        return stamps, TimeType(kind="text", dtype=texts.dtype, text=form), notes
    if texts.str.match(r"\d{1,2}\D\d{1,2}\D").any():
        raise UserError(
            f"the times in {name!r} are written in several ways, such as {texts.iloc[0]!r}, and "
            "what is the day in them cannot be told; write them as YYYY-MM-DD"
        )
    return _stamps(texts, name), TimeType(kind="text", dtype=texts.dtype), []


def _by_format(texts: "pd.Series[Any]", known: str | None) -> "dict[str, pd.Series[Any]]":
    """Return the times by each way to write them that fits all of them.

    There are two where no day is beyond the 12th. The way that is ``known`` is the only one if it
    fits. Dots mean that the day comes first, of slashes the month is tried first.
    """
    first = texts.iloc[0]
    orders = (True, False) if "." in first else (False, True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the other order was meant: both are tried
        guessed = [pd.tseries.api.guess_datetime_format(first, dayfirst=each) for each in orders]
    found = {}
    for form in dict.fromkeys([known, *guessed, *_SHORT_YEARS]):
        if form is None or form.startswith(("%Y-%d", "%Y/%d", "%Y%d")):
            continue
        stamps = pd.to_datetime(texts, format=form, errors="coerce")
        if stamps.notna().all():
            found[form] = stamps
            if form == known:
                break
    return found


def _regular(
    found: "dict[str, pd.Series[Any]]", first: str, name: str
) -> "tuple[dict[str, pd.Series[Any]], list[str]]":
    """Return the way to read times by which their steps are more regular, and a note."""
    best = max(found, key=lambda form: _regularity(found[form]))  # of equal ones the first
    what = "day" if best.index("%d") < best.index("%m") else "month"
    note = f"{first!r} in {name!r} could be read in two ways; the {what} is taken to come first"
    return {best: found[best]}, [note]


def _regularity(stamps: "pd.Series[Any]") -> float:
    """Return the share of the commonest step, in time, or in months if all are of the same day."""
    moments = np.unique(stamps.to_numpy(dtype="datetime64[ns]"))
    steps: list[Any] = [np.diff(moments).astype(np.int64)]
    if (stamps.dt.day == stamps.dt.day.iloc[0]).all():
        steps.append(np.diff(moments.astype("datetime64[M]").astype(np.int64)))
    counts = [np.unique(each, return_counts=True)[1].max() for each in steps if len(each)]
    return float(max(counts) / len(steps[0])) if counts else 0.0


def _stamps(column: "pd.Series[Any]", name: str, *, utc: bool = False) -> "pd.Series[Any]":
    try:
        return pd.to_datetime(column, utc=utc, format="mixed")
    except (ValueError, TypeError) as problem:
        raise UserError(
            f"time column {name!r} cannot be read as times ({problem}); the first value is "
            f"{column.iloc[0]!r}"
        ) from None

"""The step of a time column, inferred or given, and times as numbers of steps.

Calendar steps (months, quarters, years, weeks, days) are counted by the calendar, so that months
of different lengths and days of 23 hours are one step each; others are fixed spans of time.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError

Ints = NDArray[np.int64]

_DAY = 86_400_000_000_000
_SEASONS = {  # nanoseconds of a fixed step, up to a day, by what repeats: a day, a week, a year
    "day": _DAY,
    "week": 7 * _DAY,
}
_MONTHS = {"M": 1, "Q": 3, "Y": 12}
_SHOWN = 1000
# A season of more steps is of no use to most families.
LONGEST_SEASON = 2500


@dataclass(frozen=True, slots=True, kw_only=True)
class Frequency:
    """The step from one time to the next.

    Attributes
    ----------
    unit : str
        ``months``, ``days`` (calendar days), ``span`` (nanoseconds) or ``whole`` (numbers).
    size : int
        Number of units in a step.
    at_end : bool
        Whether months are given by their last day.
    remainder : int
        What times leave when divided by the step.
    label : str
        For the user, such as ``MS`` or ``h``.
    """

    unit: str
    size: int
    label: str
    at_end: bool = False
    remainder: int = 0

    def ordinals(self, times: "pd.Series[Any]") -> Ints:
        """Return the number of each time's step, shape (n,)."""
        if self.unit == "whole":
            numbers = times.to_numpy(dtype=np.int64)
        elif self.unit == "months":
            numbers = (12 * times.dt.year + times.dt.month - 1).to_numpy(dtype=np.int64)
        elif self.unit == "days":
            days = times.dt.tz_localize(None).to_numpy(dtype="datetime64[D]")
            numbers = days.astype(np.int64)
        else:
            numbers = _nanoseconds(times)
        # Stamps that are off by less than half a step belong to the nearest one.
        return np.floor_divide(numbers - self.remainder + self.size // 2, self.size)

    def times(self, ordinals: Ints, like: "pd.Series[Any]") -> "pd.Series[Any]":
        """Return the times of steps, of the type of ``like``, whose clock and day they keep."""
        numbers = ordinals * self.size + self.remainder
        if self.unit == "whole":
            return pd.Series(numbers)
        zone = like.dt.tz
        if self.unit == "span":
            stamps = pd.Series(pd.to_datetime(numbers, unit="ns", utc=True))
            return stamps.dt.tz_convert(zone) if zone else stamps.dt.tz_localize(None)
        plain = like.dt.tz_localize(None)
        clock = (plain - plain.dt.normalize()).iloc[0] if len(plain) else pd.Timedelta(0)
        if self.unit == "days":
            days = pd.Series(pd.to_datetime(numbers, unit="D")).astype("datetime64[ns]") + clock
        else:
            first = pd.Series(
                pd.to_datetime(
                    {"year": numbers // 12, "month": numbers % 12 + 1, "day": np.ones_like(numbers)}
                )
            )
            if self.at_end:
                days = first + pd.offsets.MonthEnd(0) + clock
            else:
                day = int(plain.dt.day.mode().iloc[0]) if len(plain) else 1
                last = first.dt.days_in_month
                days = first + pd.to_timedelta(np.minimum(day, last) - 1, unit="D") + clock
        if zone is None:
            return days
        return days.dt.tz_localize(zone, nonexistent="shift_forward", ambiguous=True)

    def seasons(self) -> tuple[int, ...]:
        """Return the seasons that the calendar suggests, the shortest first; empty for none."""
        if self.unit == "whole":
            return ()
        if self.unit == "months":
            return (12 // self.size,) if 12 % self.size == 0 and self.size < 12 else ()
        if self.unit == "days":
            if self.size == 1:
                return (7, 365)
            return (52,) if self.size == 7 else ()
        found = [
            span // self.size
            for span in _SEASONS.values()
            if span % self.size == 0 and span // self.size > 1
        ]
        if self.size < 60_000_000_000:  # of seconds and less the shortest cycle is a minute's
            found = [60_000_000_000 // self.size, 3_600_000_000_000 // self.size, *found]
        return tuple(sorted({m for m in found if 1 < m <= LONGEST_SEASON}))


def _nanoseconds(times: "pd.Series[Any]") -> Ints:
    plain = times.dt.tz_convert("UTC").dt.tz_localize(None) if times.dt.tz is not None else times
    return plain.to_numpy(dtype="datetime64[ns]").astype(np.int64)


def infer_frequency(times: "pd.Series[Any]", groups: Ints) -> Frequency:
    """Return the step of sorted times.

    The most frequent difference between neighbours decides; months, quarters and years are told by
    the calendar.

    Parameters
    ----------
    times : Series
        Times, sorted within each series.
    groups : array of int, shape (n,)
        The series of each time.
    """
    same = np.diff(groups) == 0
    if not pd.api.types.is_datetime64_any_dtype(times.dtype):
        numbers = times.to_numpy(dtype=np.int64)
        steps = np.diff(numbers)[same]
        steps = steps[steps > 0]
        size = _commonest(steps) if len(steps) else 1
        return Frequency(
            unit="whole", size=size, label=str(size), remainder=_remainder(numbers, size)
        )
    wall = times.dt.tz_localize(None)
    numbers = _nanoseconds(times)
    local = wall.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    steps = np.diff(local)[same]
    steps = steps[steps > 0]
    if not len(steps):
        return _days(local, 1)
    size = _commonest(steps)
    if size < _DAY:
        label = pd.tseries.frequencies.to_offset(pd.Timedelta(size)).freqstr
        return Frequency(unit="span", size=size, label=label, remainder=_remainder(numbers, size))
    days = size / _DAY
    for low, high, months in ((28, 31, 1), (89, 92, 3), (181, 184, 6), (365, 366, 12)):
        if low <= days <= high and days == int(days) and _of_months(wall, steps, months):
            return _months(wall, months)
    return _days(local, max(1, round(days)))


def _of_months(wall: "pd.Series[Any]", steps: Ints, months: int) -> bool:
    """Whether the times fall on the same day of the month, or on its end."""
    if months == 1 and len(np.unique(steps)) == 1 and len(steps) > 3:
        return False  # every 28 or 30 days
    day = wall.dt.day
    ends = wall.dt.is_month_end
    return bool((day == day.iloc[0]).mean() > 0.9 or ends.mean() > 0.9)


def _months(wall: "pd.Series[Any]", months: int) -> Frequency:
    at_end = bool(wall.dt.is_month_end.mean() > 0.9 and (wall.dt.day > 27).all())
    name = {1: "M", 3: "Q", 12: "Y"}.get(months, f"{months}M")
    numbers = (12 * wall.dt.year + wall.dt.month - 1).to_numpy(dtype=np.int64)
    return Frequency(
        unit="months",
        size=months,
        label=name + ("E" if at_end else "S"),
        at_end=at_end,
        remainder=_remainder(numbers, months),
    )


def _days(local: Ints, size: int) -> Frequency:
    numbers = np.floor_divide(local, _DAY)
    label = "D" if size == 1 else f"{size}D"
    remainder = _remainder(numbers, size)
    if size == 7:  # day 0 of the epoch was a Thursday
        label = "W-" + ("THU", "FRI", "SAT", "SUN", "MON", "TUE", "WED")[remainder % 7]
    return Frequency(unit="days", size=size, label=label, remainder=remainder)


def _commonest(steps: Ints) -> int:
    sizes, counts = np.unique(steps, return_counts=True)
    return int(sizes[int(np.argmax(counts))])


def _remainder(numbers: Ints, size: int) -> int:
    return _commonest(numbers % size) if size > 1 and len(numbers) else 0


def given_frequency(freq: Any, times: "pd.Series[Any]") -> Frequency:
    """Return the step that the user named: an alias of pandas, or a whole number.

    Raises
    ------
    UserError
        It is not known, or does not fit the times.
    """
    if not pd.api.types.is_datetime64_any_dtype(times.dtype):
        try:
            size = int(freq)
        except (TypeError, ValueError):
            raise UserError(
                f"freq={freq!r} does not fit times that are numbers; give a whole number, or none"
            ) from None
        if size < 1:
            raise UserError(f"freq must be at least 1, not {freq!r}")
        numbers = times.to_numpy(dtype=np.int64)
        return Frequency(
            unit="whole", size=size, label=str(size), remainder=_remainder(numbers, size)
        )
    try:
        offset = pd.tseries.frequencies.to_offset(freq)
    except (ValueError, TypeError):
        offset = None
    if offset is None:
        raise UserError(
            f"freq={freq!r} is not known; give one such as h, D, W, MS, QS, YS or 15min, or none"
        )
    wall = times.dt.tz_localize(None)
    local = wall.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    name = offset.freqstr.lstrip("-0123456789")
    calendar = re.match(r"B?(M|Q|Y)(S|E)?(-|$)", name)
    if calendar is not None:
        return _months(wall, _MONTHS[calendar[1]] * int(offset.n))
    if name.startswith("W"):
        return _days(local, 7 * int(offset.n))
    if name in ("D", "B", "C"):
        return _days(local, int(offset.n))
    try:
        size = int(pd.Timedelta(offset).value)
    except (ValueError, TypeError):
        raise UserError(f"freq={freq!r} is not a step that can be forecast; give another") from None
    if size % _DAY == 0:
        return _days(local, size // _DAY)
    return Frequency(
        unit="span",
        size=size,
        label=str(freq),
        remainder=_remainder(_nanoseconds(times), size),
    )


def grid_step(numbers: Ints) -> int:
    """Return the greatest common divisor of the differences between numbers; 1 for none."""
    return math.gcd(*np.diff(np.unique(numbers)[:_SHOWN]).tolist()) or 1

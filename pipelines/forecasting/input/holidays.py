"""Public holidays as covariates: known ahead, and alike in all series.

The package ``holidays`` (the extra of the same name) tells them at the training. They are kept with
the series for some years ahead, so that a served forecast needs the package only later.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.frequency import Frequency
from espalier.pipelines.forecasting.panel import Calendar, Floats, Ints

# Years beyond the newest value that are known.
_YEARS_AHEAD = 12
# Holidays that get a column of their own, the most frequent first.
_MOST_NAMES = 16
_DAY = 86_400_000_000_000
# Steps ahead of the newest value of which the calendar tells: the longest horizon and a little.
_MOST_STEPS = 12_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Holidays:
    """The holidays of some places, by day.

    Attributes
    ----------
    places : tuple of str
        Countries or parts of them, such as ``DE`` and ``DE-BY``.
    names : tuple of str
        Holidays that have a column of their own.
    first, last : int
        First and last day that is known, in days since 1970-01-01.
    days, holidays : arrays of int, shape (n,)
        Days that are holidays, and the place in ``names`` of which; -1 for any other.
    """

    places: tuple[str, ...]
    names: tuple[str, ...]
    first: int
    last: int
    days: Ints = field(repr=False)
    holidays: Ints = field(repr=False)

    def calendar(self, frequency: Frequency, first: int, last: int, zone: Any = None) -> Calendar:
        """Return the covariates of the steps from ``first`` to ``last`` and as far as is known.

        Of steps of a day and less: whether it is a holiday, the day before one, the day after one,
        and which one it is. Of longer steps the number of such days in them.
        """
        steps = np.arange(first, last + _MOST_STEPS + 1)
        begins = _days_of(frequency, steps, zone)
        ends = np.maximum(_days_of(frequency, steps + 1, zone), begins + 1)
        steps = steps[(begins >= self.first) & (ends <= self.last)]
        if not len(steps):
            nothing = np.zeros((0, 3 + len(self.names)), dtype=np.float32)
            return Calendar(first=first, values=nothing)
        known = slice(int(steps[0] - first), int(steps[-1] - first) + 1)
        days = self._by_day()
        sums = np.concatenate([np.zeros((1, days.shape[1])), np.cumsum(days, axis=0)])
        found = sums[ends[known] - self.first] - sums[begins[known] - self.first]
        return Calendar(first=int(steps[0]), values=found.astype(np.float32))

    def _by_day(self) -> Floats:
        """Return the covariates of each day, shape (D, 3 + number of names)."""
        days = np.zeros((self.last - self.first + 1, 3 + len(self.names)))
        at = self.days - self.first
        days[at, 0] = 1.0
        days[at[at > 0] - 1, 1] = 1.0
        days[at[at + 1 < len(days)] + 1, 2] = 1.0
        named = self.holidays >= 0
        days[at[named], 3 + self.holidays[named]] = 1.0
        return days


def _days_of(frequency: Frequency, steps: Ints, zone: Any = None) -> Ints:
    """Return the day on which each step begins on the clock of a zone, since 1970-01-01."""
    numbers = steps * frequency.size + frequency.remainder
    if frequency.unit == "months":
        return (
            (numbers - 12 * 1970).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        )
    if frequency.unit == "days":
        return numbers
    if zone is not None:
        there = pd.to_datetime(numbers, unit="ns", utc=True).tz_convert(zone).tz_localize(None)
        numbers = there.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    return np.floor_divide(numbers, _DAY)


def find_holidays(
    places: Sequence[str],
    frequency: Frequency,
    first: int,
    last: int,
    *,
    like: Holidays | None = None,
) -> Holidays:
    """Return the holidays of some places around the steps from ``first`` to ``last``.

    Parameters
    ----------
    places : sequence of str
        Countries by their ISO code, or parts of one: ``DE``, ``DE-BY``.
    frequency : Frequency
        What the steps are.
    first, last : int
        First and last step with a value.
    like : Holidays or None
        Those of a training: they are taken as they are where they reach far enough, and the same
        ones have a column of their own.

    Raises
    ------
    UserError
        The times are no days, the package is not there, or it does not know a place.
    """
    if frequency.unit == "whole":
        raise UserError("holidays need times with a date; those of this table are numbers")
    begin, end = (int(day) for day in _days_of(frequency, np.array([first, last + 1])))
    if like is not None and like.first <= begin and end + 366 <= like.last:
        return like
    years = range(_year(begin) - 1, _year(end) + _YEARS_AHEAD + 1)
    found: dict[str, set[int]] = {}
    for place in places:
        for day, name in _of_place(place, years).items():
            number = int(np.datetime64(day, "D").astype(np.int64))
            found.setdefault(name, set()).add(number)
    if like is None:
        order = sorted(found, key=lambda name: (-len(found[name]), name))
        names = tuple(order[:_MOST_NAMES])
    else:
        names = like.names
    pairs = [
        (day, names.index(name) if name in names else -1)
        for name in found
        for day in sorted(found[name])
    ]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Holidays(
        places=tuple(places),
        names=names,
        first=_first_day(years[0]),
        last=_first_day(years[-1] + 1) - 1,
        days=table[:, 0],
        holidays=table[:, 1],
    )


def check_places(places: Sequence[str]) -> None:
    """Refuse places whose holidays are not known.

    Raises
    ------
    UserError
        The package is not there, or it does not know a place.
    """
    for place in places:
        _of_place(place, range(2020, 2021))


def _of_place(place: str, years: range) -> "dict[datetime.date, str]":
    try:
        import holidays
    except ImportError:
        raise UserError(
            "holidays need the package of this name; install it with pip install "
            "'espalier[holidays]'"
        ) from None
    country, _, part = place.upper().partition("-")
    try:
        return dict(holidays.country_holidays(country, subdiv=part or None, years=years))
    except NotImplementedError:
        known = holidays.list_supported_countries()
        parts = known.get(country)
        hint = (
            f"parts of {country} are {', '.join(parts) or 'not told apart'}"
            if parts is not None
            else "give a country by its ISO code, such as DE or US"
        )
        raise UserError(f"the holidays of {place!r} are not known; {hint}") from None


def _year(day: int) -> int:
    return int(np.datetime64(day, "D").astype("datetime64[Y]").astype(np.int64)) + 1970


def _first_day(year: int) -> int:
    return int(np.datetime64(f"{year:04d}-01-01", "D").astype(np.int64))

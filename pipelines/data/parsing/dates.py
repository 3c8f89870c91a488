"""Parse dates from text, strictly: one format for the whole column, detected on a sample."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.numbers import GLANCE, MOST_VALUES, SAMPLE, SHARE, is_absent
from espalier.pipelines.data.parsing.text_cells import read_text_cells, sample_values

ISO = "ISO8601"
QUARTER = "quarter"

_ISO_SHAPE = re.compile(r"\d{4}-\d{2}(-\d{2}([T ]\d{2}(:?\d{2}.*)?)?)?")
_QUARTER_SHAPE = re.compile(r"(\d{4})[-\s]?[qQ]([1-4])")
_COMPACT_SHAPE = re.compile(r"(1[89]|2[01])\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_CLOCK_SHAPE = re.compile(r"-?(\d+ days? )?\+?\d{1,3}:[0-5]\d(:[0-5]\d([.,]\d+)?)?")
_MONTH = re.compile(
    r"(?i)\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\d(?:jan|feb|mar|apr"
    r"|may|jun|jul|aug|sep|oct|nov|dec)"
)
# Month first is tried before day first: where both read every cell, the first one wins.
_NUMBER_DAYS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%Y",
    "%d.%m.%y",
    "%m-%d-%Y",
    "%d-%m-%Y",
    "%m-%d-%y",
    "%d-%m-%y",
    "%m/%Y",
    "%m-%Y",
    "%Y/%m",
    "%m.%Y",
)
_NAMED_DAYS = (
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%d %b %y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d%b%Y",
    "%d%b%y",
    "%Y-%b-%d",
    "%Y %b %d",
    "%d. %B %Y",
    "%d/%b/%Y",
    "%b-%Y",
    "%b %Y",
    "%B %Y",
    "%b-%y",
    "%B, %Y",
    "%b, %Y",
    "%Y-%b",
    "%Y %b",
    "%Y %B",
    "%a %d %b %Y",
    "%a, %d %b %Y",
    "%A, %B %d, %Y",
    "%A, %d %B %Y",
    "%a %b %d %Y",
)
_DAY_MONTH_TWINS = {
    "%m/%d/%Y": "%d/%m/%Y",
    "%m/%d/%y": "%d/%m/%y",
    "%m-%d-%Y": "%d-%m-%Y",
    "%m-%d-%y": "%d-%m-%y",
}


@dataclass(frozen=True, slots=True)
class DateFormat:
    """The format of the dates in a text column.

    Attributes
    ----------
    pattern : str
        A strptime pattern, ``ISO8601`` or ``quarter``.
    ambiguous : bool
        Whether day first fits as many cells as month first.
    """

    pattern: str
    ambiguous: bool = False


def detect_date_format(values: Sequence[str], counts: NDArray[np.int64]) -> DateFormat | None:
    """Return the format of a column's dates, or None when it does not hold dates.

    Parameters
    ----------
    values : sequence of str
        Distinct texts.
    counts : array, shape (n_values,)
        Number of rows with each text.
    """
    cells, weights = sample_values(values, counts, SAMPLE)
    present = np.array([not is_absent(value) for value in cells], dtype=bool)
    weights = weights[present]
    cells = [value for value, keep in zip(cells, present, strict=True) if keep]
    sample = cells[:: max(1, len(cells) // GLANCE)]
    if not sample or not _plausible(sample):
        return None
    good = [
        pattern
        for pattern in _candidates(sample)
        if _share(parse_dates(sample, pattern)) >= MOST_VALUES
    ]
    if not good:
        return None
    shares = {pattern: _share(parse_dates(cells, pattern), weights) for pattern in good}
    best = max(good, key=lambda pattern: shares[pattern])  # the first one of equals
    if shares[best] < SHARE:
        return None
    day = best.split(" %H")[0].split(" %I")[0]
    twin = best.replace(day, _DAY_MONTH_TWINS.get(day, day))
    return DateFormat(best, ambiguous=twin != best and shares.get(twin, 0.0) == shares[best])


def parse_dates(values: Sequence[str], pattern: str) -> NDArray[np.datetime64]:
    """Parse texts as dates.

    Parameters
    ----------
    values : sequence of str
        The texts.
    pattern : str
        A format that `detect_date_format` returned. ISO texts with an offset are converted to UTC.

    Returns
    -------
    array of datetime64[ns], shape (n_values,)
        NaT where a text does not fit.
    """
    if pattern == QUARTER:
        values = [_quarter_start(value) for value in values]
        pattern = "%Y-%m-%d"
    cells = pd.Series(list(values), dtype=object)
    parsed = pd.to_datetime(cells, format=pattern, errors="coerce", utc=pattern == ISO)
    return to_nanoseconds(parsed)


def to_nanoseconds(dates: "pd.Series[Any]") -> NDArray[np.datetime64]:
    """Return dates of any resolution as datetime64[ns] without zone; NaT where out of range."""
    if getattr(dates.dt, "tz", None) is not None:
        dates = dates.dt.tz_localize(None)
    raw = dates.to_numpy()
    if raw.dtype == np.dtype("datetime64[ns]"):
        return raw.copy()
    coarse = raw.astype("datetime64[s]")
    outside = (coarse < np.datetime64("1678-01-01")) | (coarse > np.datetime64("2262-01-01"))
    return np.where(outside, np.datetime64("NaT"), raw).astype("datetime64[ns]")


def read_dates(series: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return a column as dates without a zone: UTC, where it had one; NaT where a cell is none."""
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        zoned = getattr(series.dt, "tz", None) is not None
        dates = to_nanoseconds(series.dt.tz_convert("UTC") if zoned else series)
    else:
        cells = read_text_cells(series)
        form = detect_date_format(cells.values, cells.counts)
        values = (
            np.full(len(cells.values), np.datetime64("NaT"), dtype="datetime64[ns]")
            if form is None
            else parse_dates(cells.values, form.pattern)
        )
        dates = cells.spread(values, np.datetime64("NaT"))
    return pd.Series(dates, index=series.index, name=series.name)


def is_clock(values: Sequence[str]) -> bool:
    """Whether every text is a time of day or a duration such as ``08:30`` or ``1:02:03.5``."""
    cells = [value for value in values if not is_absent(value)]
    return bool(cells) and all(_CLOCK_SHAPE.fullmatch(value) for value in cells)


def parse_clock(values: Iterable[str]) -> NDArray[np.float64]:
    """Parse times of day and durations to seconds; NaN where a text is neither."""
    full = [
        f"{value}:00" if re.fullmatch(r".*?\d+:\d\d", value) and value.count(":") == 1 else value
        for value in values
    ]
    parsed = pd.to_timedelta(pd.Series(full, dtype=object), errors="coerce")
    return np.asarray(parsed.dt.total_seconds(), dtype=np.float64)


def is_compact_date(values: Sequence[str]) -> bool:
    """Whether every text is a valid day written as ``20240131``."""
    return (
        bool(values)
        and all(_COMPACT_SHAPE.fullmatch(value) for value in values)
        and bool(~np.isnat(parse_dates(values, "%Y%m%d")).any())
        and _share(parse_dates(values, "%Y%m%d")) == 1.0
    )


def _plausible(sample: Sequence[str]) -> bool:
    """Whether texts look enough like dates to try formats on them."""
    likely = [
        len(value) <= 40
        and value[:1].isalnum()
        and sum(char.isdigit() for char in value) >= (2 if _MONTH.search(value) else 3)
        for value in sample
    ]
    return sum(likely) >= MOST_VALUES * len(sample)


def _candidates(sample: Sequence[str]) -> list[str]:
    """Return the date formats worth trying on the sample."""
    if all(_ISO_SHAPE.fullmatch(value) for value in sample):
        return [ISO]
    if all(_QUARTER_SHAPE.fullmatch(value) for value in sample):
        return [QUARTER]
    if all(value.isdigit() for value in sample):
        return ["%Y%m%d"] if is_compact_date(sample) else []
    days = _NAMED_DAYS if sum(bool(_MONTH.search(value)) for value in sample[:20]) else _NUMBER_DAYS
    first = sample[0]
    if ":" not in first:
        return list(days)
    half_day = (
        " %p"
        if re.search(r"(?i)\s[ap]m$", first)
        else "%p"
        if re.search(r"(?i)[ap]m$", first)
        else ""
    )
    hour = "%I" if half_day else "%H"
    clocks = (f"{hour}:%M{half_day}", f"{hour}:%M:%S{half_day}", f"{hour}:%M:%S.%f{half_day}")
    clock = (
        clocks[0]
        if first.count(":") == 1
        else clocks[2]
        if "." in first.rsplit(":", 1)[1]
        else clocks[1]
    )
    joints = ("T",) if re.search(r"\dT\d", first) else (" ", ", ", ":")
    patterns = [f"{day}{joint}{clock}" for day in days for joint in joints]
    return [*patterns, f"%a %b %d {clock} %Y"]


def _quarter_start(value: str) -> str:
    """Return the first day of ``2012 Q3`` as text; empty when it is no quarter."""
    match = _QUARTER_SHAPE.fullmatch(value)
    return f"{match[1]}-{3 * int(match[2]) - 2:02d}-01" if match else ""


def _share(dates: NDArray[np.datetime64], weights: NDArray[np.float64] | None = None) -> float:
    """Return the share of rows, by weight, whose date is between the years 1800 and 2200."""
    inside = (dates >= np.datetime64("1800-01-01")) & (dates < np.datetime64("2200-01-01"))
    if weights is None:
        return float(inside.mean()) if len(inside) else 0.0
    total = float(weights.sum())
    return float(weights[inside].sum()) / total if total else 0.0

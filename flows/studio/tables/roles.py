"""What was inferred of a column and why, in words for somebody who has never heard of roles."""

from typing import Any

import pandas as pd

from espalier.pipelines.data.parsing.dates import ISO
from espalier.pipelines.data.parsing.readings import (
    ColumnPlan,
    DateReading,
    DurationReading,
    NumberReading,
    is_number,
)
from espalier.pipelines.data.parsing.roles import ColumnRole

_WORDS = {
    ColumnRole.NUMERIC: "number",
    ColumnRole.CATEGORICAL: "category",
    ColumnRole.TEXT: "text",
    ColumnRole.DATETIME: "date",
    ColumnRole.TIME: "time order",
    ColumnRole.IMAGE: "picture",
    ColumnRole.MEANING: "meaning of a text",
    ColumnRole.PIXELS: "pixels of a picture",
}
_DATE_PARTS = (
    ("%d", "day"),
    ("%m", "month"),
    ("%b", "month's name"),
    ("%B", "month's name"),
    ("%Y", "year"),
    ("%y", "year"),
    ("%H", "hour"),
    ("%I", "hour"),
    ("%M", "minute"),
    ("%S", "second"),
    ("%f", "fraction"),
    ("%p", "am/pm"),
)


def role_word(role: ColumnRole) -> str:
    """Return a role in a word."""
    return _WORDS[role]


def role_reason(plan: ColumnPlan, series: "pd.Series[Any]") -> str:
    """Return why a column has its role, in a sentence without its point.

    Parameters
    ----------
    plan : ColumnPlan
        What was decided.
    series : Series, shape (n_rows,)
        The raw column.
    """
    reading, n_values = plan.reading, int(series.nunique())
    if isinstance(reading, DurationReading):
        said = "durations or times of day, read as seconds"
    elif isinstance(reading, DateReading):
        said = _date_reason(reading)
    elif isinstance(reading, NumberReading):
        said = _number_reason(reading, series)
    elif plan.role is ColumnRole.TEXT:
        said = f"{n_values:,} different texts; their words are used"
    else:
        said = f"{n_values:,} different values, which repeat"
    return "; ".join([said, *plan.notes])


def _number_reason(reading: NumberReading, series: "pd.Series[Any]") -> str:
    if pd.api.types.is_bool_dtype(series.dtype):
        return "true or false, read as 1 and 0"
    if is_number(series.dtype):
        return "every filled cell is a number"
    unit = f", with the unit {reading.style.unit}" if reading.style.unit else ""
    comma = " with a decimal comma" if reading.style.decimal == "," else ""
    return f"texts that are numbers{comma}{unit}"


def _date_reason(reading: DateReading) -> str:
    if reading.pattern is None:
        return "every filled cell is a date"
    if reading.pattern == ISO:
        return "texts that are dates, year first"
    shown = reading.pattern
    for code, word in _DATE_PARTS:
        shown = shown.replace(code, word)
    return f"texts that are dates, written as {shown}"

"""Decide the role of a raw column and how to parse it: its `ColumnPlan`.

The decisions depend on distinct values and row counts, never on the target, so nothing here has to
be fitted inside a fold.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.cell_display import quoted_cell
from espalier.pipelines.data.parsing.dates import detect_date_format, is_clock, is_compact_date
from espalier.pipelines.data.parsing.decimal_signs import (
    are_whole,
    column_evidence,
    sign_evidence,
)
from espalier.pipelines.data.parsing.numbers import (
    SAMPLE,
    SHARE,
    NumberStyle,
    detect_number_style,
    is_absent,
    looks_like_number,
    mixed_symbols,
    parse_numbers,
)
from espalier.pipelines.data.parsing.readings import (
    ColumnPlan,
    DateReading,
    DurationReading,
    NumberReading,
    WordReading,
    holds_date_objects,
    is_date,
    is_number,
    is_timedelta,
    to_float,
)
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.parsing.text_cells import TextCells, read_text_cells

FEW_LEVELS = 60
"""Up to this many distinct texts are categories, unless they are sentences or hardly repeat."""
MOST_LEVELS = 10_000
"""Beyond this many distinct values a column is text, even one of codes."""
MOST_RARE_LEVELS = 2000
"""The same for a column of categorical dtype whose values hardly repeat."""
ROWS_PER_LEVEL = 5
"""Codes of more than FEW_LEVELS values stay categories where each has this many rows."""
ROWS_PER_NAME = 200
"""The same for names of several words, whose single words carry information too."""
SENTENCE_WORDS = 5.0
"""Mean words from which texts are sentences, not labels."""
SENTENCE_LEVELS = 30
"""Up to this many distinct sentences are categories, like the answers of a form."""

COMPACT_DAYS = (18000101, 21991231)
"""Range of the numbers that may be dates such as 20240131."""

_SIGNS = {",": "comma", ".": "point"}


def plan_column(
    name: str, series: "pd.Series[Any]", decimal: str | None = None, *, is_marked: bool = False
) -> ColumnPlan:
    """Decide the role of a column and how to parse it.

    Parameters
    ----------
    name : str
        Its name.
    series : Series
        Its training rows, of any dtype; at least one cell is present.
    decimal : str or None
        Decimal sign of the table's other numbers, for a column that does not tell its own.
    is_marked : bool
        Whether numbers that are all whole were written with a sign nevertheless, as in ``34.000``.
    """
    dtype = series.dtype
    if is_timedelta(dtype):
        return ColumnPlan(name, ColumnRole.NUMERIC, DurationReading())
    if is_date(dtype):
        return ColumnPlan(name, ColumnRole.DATETIME, DateReading(zone=_zone(series)))
    if is_number(dtype):
        if _holds_compact_dates(series):
            return ColumnPlan(name, ColumnRole.DATETIME, DateReading("%Y%m%d"))
        style = _numbers_style(series, decimal)
        if is_marked:
            style = replace(style, is_whole=False)
        return ColumnPlan(name, ColumnRole.NUMERIC, NumberReading(style))
    if isinstance(dtype, pd.CategoricalDtype):
        cells = read_text_cells(series)
        n_levels = len(cells.values)
        most = MOST_LEVELS if cells.n_present >= ROWS_PER_LEVEL * n_levels else MOST_RARE_LEVELS
        many = n_levels > most
        role = ColumnRole.TEXT if many else ColumnRole.CATEGORICAL
        return ColumnPlan(name, role, _words(cells))
    if pd.api.types.is_object_dtype(dtype):
        plan = _plan_objects(name, series, decimal)
        if plan is not None:
            return plan
    return _plan_text(name, read_text_cells(series).shortened, decimal)


def is_sentence_like(cells: TextCells) -> bool:
    """Whether texts are sentences rather than labels, judged on a sample of the values."""
    sample = cells.values[:: max(1, len(cells.values) // 500)]
    words = np.mean([len(value.split()) for value in sample])
    length = np.mean([len(value) for value in sample])
    return bool(words >= SENTENCE_WORDS or (words >= 2 and length >= 40))


def _plan_objects(name: str, series: "pd.Series[Any]", decimal: str | None) -> ColumnPlan | None:
    """Return the plan of an object column whose cells are all of one plain kind, else None."""
    kind = pd.api.types.infer_dtype(series, skipna=True)
    if kind in ("boolean", "integer", "floating", "mixed-integer-float", "decimal"):
        return ColumnPlan(name, ColumnRole.NUMERIC, NumberReading(_numbers_style(series, decimal)))
    if holds_date_objects(series):
        zoned = any(getattr(cell, "tzinfo", None) is not None for cell in series.dropna())
        return ColumnPlan(name, ColumnRole.DATETIME, DateReading(zone="UTC" if zoned else None))
    return None


def _numbers_style(series: "pd.Series[Any]", decimal: str | None) -> NumberStyle:
    """Return the notation of numbers that a column of plain numbers expects in later texts."""
    return replace(plain_style(decimal), is_whole=are_whole(NumberReading().read(series)))


def plain_style(decimal: str | None) -> NumberStyle:
    """Return the notation of columns that do not tell their own."""
    return NumberStyle(decimal or ".", is_certain=decimal == ",")


def _plan_text(name: str, cells: TextCells, decimal: str | None) -> ColumnPlan:
    """Return the plan of a column of texts."""
    values, counts = cells.values, cells.counts
    if is_compact_date(values):
        return ColumnPlan(name, ColumnRole.DATETIME, DateReading("%Y%m%d"))
    if {value.casefold() for value in values[:5]} <= {"true", "false"} and len(values) <= 4:
        return ColumnPlan(name, ColumnRole.NUMERIC, NumberReading(plain_style(decimal)))
    numbers = plan_numbers(name, cells, decimal)
    if numbers is not None:
        return numbers
    dates = detect_date_format(values, counts)
    if dates is not None:
        notes = (
            (f"column {name!r} has dates that read both ways; taken as month first",)
            if dates.ambiguous
            else ()
        )
        return ColumnPlan(name, ColumnRole.DATETIME, DateReading(dates.pattern), notes)
    if is_clock(values):
        return ColumnPlan(name, ColumnRole.NUMERIC, DurationReading())
    return ColumnPlan(name, _word_role(cells), _words(cells), _mixed_signs(name, values))


def _mixed_signs(name: str, values: Sequence[str]) -> tuple[str, ...]:
    """Return a note where words are numbers, only with decimal commas and with points."""
    some = [value for value in values[:SAMPLE] if not is_absent(value)]
    if sum(map(looks_like_number, some)) < SHARE * len(some):
        return ()
    found = sign_evidence(some)
    if not found.is_contradictory:
        return ()
    return (
        f"column {name!r} has numbers with a decimal comma such as {quoted_cell(found.comma)!r} "
        f"and with a decimal point such as {quoted_cell(found.point)!r}, in no way that tells them "
        "apart; it is taken for words",
    )


def plan_numbers(name: str, cells: TextCells, decimal: str | None) -> ColumnPlan | None:
    """Return the plan of a column of texts that are numbers; None if they are none.

    Parameters
    ----------
    name : str
        Its name.
    cells : TextCells
        Its training rows.
    decimal : str or None
        As for `plan_column`.
    """
    values, counts = cells.values, cells.counts
    found = column_evidence(cells)
    told = found.decimal or (None if found.is_contradictory else decimal)
    style = detect_number_style(values, counts, told)
    if style is None:
        return None
    notes = []
    if found.is_contradictory:
        notes.append(
            f"column {name!r} has numbers with a decimal comma such as "
            f"{quoted_cell(found.comma)!r} and with a decimal point such as "
            f"{quoted_cell(found.point)!r}; the decimal {_SIGNS[style.decimal]} is taken, and the "
            "others count as missing"
        )
    elif found.either and told is None:
        notes.append(
            f"column {name!r} has numbers such as {quoted_cell(found.either)!r} that read both "
            f"ways, and nothing tells which is meant; the decimal {_SIGNS[style.decimal]} is taken"
        )
    mixed = mixed_symbols(values)
    if mixed:
        notes.append(f"column {name!r} has numbers {mixed}; only the figures count")
    some = values[:SAMPLE]
    is_marked = any(style.decimal in value for value in some)
    style = replace(style, is_whole=not is_marked and are_whole(parse_numbers(some, style)))
    reading = NumberReading(style, is_lenient=found.is_contradictory)
    return ColumnPlan(name, ColumnRole.NUMERIC, reading, tuple(notes))


def _word_role(cells: TextCells) -> ColumnRole:
    """Return whether a column of strings holds categories or free text."""
    n_levels, n_present = len(cells.values), cells.n_present
    if n_levels > MOST_LEVELS:
        return ColumnRole.TEXT
    if n_levels > SENTENCE_LEVELS and is_sentence_like(cells):
        return ColumnRole.TEXT
    if n_levels > SENTENCE_LEVELS and n_levels > 0.5 * n_present:
        return ColumnRole.TEXT
    if n_levels <= FEW_LEVELS:
        return ColumnRole.CATEGORICAL
    sample = cells.values[:: max(1, n_levels // 500)]
    codes = np.mean([" " not in value for value in sample]) > 0.5
    wanted = ROWS_PER_LEVEL if codes else ROWS_PER_NAME
    return ColumnRole.CATEGORICAL if n_present >= wanted * n_levels else ColumnRole.TEXT


def _words(cells: TextCells) -> WordReading:
    """Return the reading of a string column, with the spellings of codes such as ``007``."""
    if len(cells.values) > MOST_LEVELS:
        return WordReading()
    spellings: dict[float, str] = {}
    for value in cells.values:
        try:
            number = float(value)
        except ValueError:
            continue
        if spellings.setdefault(number, value) != value:
            return WordReading()  # "07" and "7" both occur: a number may mean either
    different = any(not value.isdigit() or value != str(int(value)) for value in spellings.values())
    return WordReading(spellings) if different else WordReading()


def _holds_compact_dates(series: "pd.Series[Any]") -> bool:
    """Whether a numeric column holds dates written as 20240131."""
    if pd.api.types.is_bool_dtype(series.dtype):
        return False
    numbers = to_float(series)
    present = numbers[np.isfinite(numbers)]
    first, last = COMPACT_DAYS
    if not len(present) or not (present.min() >= first and present.max() <= last):
        return False
    cells = read_text_cells(series)
    return len(cells.values) >= 3 and is_compact_date(cells.values)


def _zone(series: "pd.Series[Any]") -> str | None:
    """Return the time zone of a column of dates."""
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return str(series.dt.tz)
    return getattr(getattr(series.dtype, "pyarrow_dtype", None), "tz", None)

"""Readings: how a raw column is parsed into a prepared one, alike in training and serving.

A reading is chosen once, on the training column, and then accepts any dtype: a later file may
deliver dates as text or categories as integers.
"""

import decimal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.dates import (
    ISO,
    detect_date_format,
    parse_clock,
    parse_dates,
    to_nanoseconds,
)
from espalier.pipelines.data.parsing.decimal_signs import notation_complaint
from espalier.pipelines.data.parsing.numbers import NumberStyle, parse_numbers
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.parsing.text_cells import TextCells, cut_texts, read_text_cells
from espalier.pipelines.errors import UserError
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults

_NUMBERS = (bool, int, float, decimal.Decimal, np.bool_, np.integer, np.floating)


class Reading(Protocol):
    """Parses a raw column into prepared cells."""

    def read(self, series: "pd.Series[Any]") -> NDArray[Any]:
        """Return the prepared cells, shape (n_rows,), with the dtype its role asks for."""
        ...


@runtime_checkable
class CarriedReading(Protocol):
    """A reading of cells that name files."""

    def carry(self, series: "pd.Series[Any]") -> "pd.Series[Any]":
        """Return the raw cells with the content of the files instead of their names."""
        ...


@runtime_checkable
class NetworkReading(Protocol):
    """A reading by a network, which needs more than this code to run."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Distributions that a model with such a column needs."""
        ...

    @property
    def weights(self) -> str:
        """Folder of `espalier.pipelines` whose weights it needs."""
        ...


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """How one raw column is parsed, and the role that it has afterwards.

    Attributes
    ----------
    name : str
        Its name once prepared.
    role : ColumnRole
        What it holds once read.
    reading : Reading
        How it is read.
    notes : tuple of str
        What a user should know about the decision.
    source : str or None
        The raw column, where several prepared ones are made of it; None if it has the same name.
    """

    name: str
    role: ColumnRole
    reading: Reading
    notes: tuple[str, ...] = ()
    source: str | None = None

    __setstate__ = set_state_with_defaults

    @property
    def raw(self) -> str:
        """Name of the raw column."""
        return self.source or self.name

    def read(self, series: "pd.Series[Any]") -> NDArray[Any]:
        """Return the prepared cells, shape (n_rows,).

        Raises
        ------
        UserError
            The column holds dates where it held numbers in training.
        """
        cells = self.reading.read(series)
        return cut_texts(cells) if self.role is ColumnRole.TEXT else cells


@dataclass(frozen=True, slots=True)
class NumberReading:
    """Parses numbers, booleans and numbers in text as float64; infinities become NaN.

    Attributes
    ----------
    style : NumberStyle
        How numbers in text are written.
    is_lenient : bool
        Whether the training had numbers of another notation too, so that later ones are taken as
        missing, as they were then.
    """

    style: NumberStyle = field(default_factory=NumberStyle)
    is_lenient: bool = False

    def read(self, series: "pd.Series[Any]") -> NDArray[np.float64]:
        """Return float64, shape (n_rows,).

        Raises
        ------
        UserError
            The column holds dates, numbers with the other decimal sign, or numbers that read both
            ways where nothing tells which is meant.
        """
        if is_timedelta(series.dtype):
            return seconds(series)
        if is_date(series.dtype):
            raise UserError(
                f"column {series.name!r} held numbers in training and holds dates now; "
                "give it as numbers"
            )
        if is_number(series.dtype):
            return to_float(series)
        if pd.api.types.is_object_dtype(series.dtype):
            return self._read_objects(series)
        return self._read_texts(series)

    def _read_objects(self, series: "pd.Series[Any]") -> NDArray[np.float64]:
        """Return the cells that are numbers as they are, and the others by their text."""
        cells = series.to_numpy()
        typed = np.array([isinstance(cell, _NUMBERS) for cell in cells], dtype=bool)
        numbers = np.full(len(cells), np.nan)
        numbers[typed] = [_as_float(cell) for cell in cells[typed]]
        if not typed.all():
            numbers[~typed] = self._read_texts(series[~typed])
        return without_infinities(numbers)

    def _read_texts(self, series: "pd.Series[Any]") -> NDArray[np.float64]:
        cells = read_text_cells(series)
        if not self.is_lenient:
            complaint = notation_complaint(cells.values, self.style)
            if complaint is not None:
                raise UserError(f"column {series.name!r} {complaint}")
        return cells.spread(parse_numbers(cells.values, self.style), np.nan)


@dataclass(frozen=True, slots=True)
class DurationReading:
    """Parses durations and clock times as seconds."""

    def read(self, series: "pd.Series[Any]") -> NDArray[np.float64]:
        """Return float64 seconds, shape (n_rows,)."""
        if is_timedelta(series.dtype):
            return seconds(series)
        if is_number(series.dtype):
            return to_float(series)
        cells = read_text_cells(series)
        return cells.spread(parse_clock(cells.values), np.nan)


@dataclass(frozen=True, slots=True)
class DateReading:
    """Parses dates, and dates in text, as datetime64[ns] without time zone.

    Attributes
    ----------
    pattern : str or None
        The format in text; None when the training column held real dates.
    zone : str or None
        Time zone of the training column: dates of other zones are converted to it, so that an
        hour of the day means the same.
    """

    pattern: str | None = None
    zone: str | None = None

    def read(self, series: "pd.Series[Any]") -> NDArray[np.datetime64]:
        """Return datetime64[ns] without zone, shape (n_rows,)."""
        if is_date(series.dtype):
            return to_nanoseconds(self._localised(series))
        if holds_date_objects(series):
            dates = pd.to_datetime(series, errors="coerce", utc=self.zone is not None)
            return to_nanoseconds(self._localised(dates))
        cells = read_text_cells(series)
        pattern = self.pattern or self._pattern_of(cells)
        dates_ns = parse_dates(cells.values, pattern)
        if pattern != ISO:
            # Another export may use another format; ISO is the one that cannot be misread.
            left = np.flatnonzero(np.isnat(dates_ns))
            dates_ns[left] = parse_dates([cells.values[at] for at in left], ISO)
        return cells.spread(dates_ns, np.datetime64("NaT"))

    def _localised(self, series: "pd.Series[Any]") -> "pd.Series[Any]":
        """Return the dates in the time zone of the training column."""
        if isinstance(series.dtype, pd.PeriodDtype):
            return series.dt.to_timestamp()
        if isinstance(series.dtype, pd.ArrowDtype):
            series = pd.to_datetime(pd.Series(series.to_numpy(dtype=object)), errors="coerce")
        if self.zone is not None and getattr(series.dt, "tz", None) is not None:
            return series.dt.tz_convert(self.zone)
        return series

    @staticmethod
    def _pattern_of(cells: TextCells) -> str:
        """Return the date format of a text column that held real dates in training."""
        found = detect_date_format(cells.values, cells.counts)
        return found.pattern if found else ISO


@dataclass(frozen=True, slots=True)
class WordReading:
    """Parses categories and text as strings; missing cells are NaN.

    Attributes
    ----------
    spellings : mapping of float to str
        The category a number stands for where a file turned codes into numbers (``7`` for
        ``"007"``); empty where a number's own text is the category.
    """

    spellings: Mapping[float, str] = field(default_factory=dict)

    def read(self, series: "pd.Series[Any]") -> NDArray[Any]:
        """Return objects, str or NaN, shape (n_rows,)."""
        cells = read_text_cells(series)
        if self.spellings and is_number(series.dtype):
            respelt = [self.spellings.get(float(value), value) for value in cells.values]
            cells = TextCells(cells.codes, respelt)
        return cells.to_objects()


def _as_float(cell: Any) -> float:
    """Return a number of any type; infinite where a float cannot hold it."""
    try:
        return float(cell)
    except (OverflowError, ValueError):  # a huge integer; a signalling decimal
        return np.inf


def is_number(dtype: Any) -> bool:
    """Whether a dtype holds real numbers or booleans."""
    if isinstance(dtype, pd.ArrowDtype):
        return dtype.kind in "iufb" or "decimal" in str(dtype)
    if isinstance(dtype, (pd.CategoricalDtype, pd.IntervalDtype, pd.PeriodDtype)):
        return False
    if isinstance(dtype, pd.SparseDtype):
        return is_number(dtype.subtype)
    return (
        pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype)
    ) and not pd.api.types.is_complex_dtype(dtype)


def is_plain_number(dtype: Any) -> bool:
    """Whether a dtype is a NumPy dtype of real numbers or booleans."""
    return isinstance(dtype, np.dtype) and dtype.kind in "iufb"


def is_date(dtype: Any) -> bool:
    """Whether a dtype holds dates."""
    if isinstance(dtype, pd.ArrowDtype):
        return "timestamp" in str(dtype) or str(dtype).startswith("date")
    return pd.api.types.is_datetime64_any_dtype(dtype) or isinstance(dtype, pd.PeriodDtype)


def holds_date_objects(series: "pd.Series[Any]") -> bool:
    """Whether an object column holds Python dates and nothing else."""
    return pd.api.types.is_object_dtype(series.dtype) and pd.api.types.infer_dtype(
        series, skipna=True
    ) in ("datetime", "date", "datetime64")


def is_timedelta(dtype: Any) -> bool:
    """Whether a dtype holds durations."""
    if isinstance(dtype, pd.ArrowDtype):
        return "duration" in str(dtype)
    return pd.api.types.is_timedelta64_dtype(dtype)


def to_float(series: "pd.Series[Any]") -> NDArray[np.float64]:
    """Return numbers as float64, shape (n_rows,); missing and infinite are NaN."""
    if isinstance(series.dtype, np.dtype):
        with np.errstate(over="ignore"):  # long doubles may be too large
            numbers = series.to_numpy().astype(np.float64)
    else:
        numbers = np.array(series.to_numpy(dtype=np.float64, na_value=np.nan))
    return without_infinities(numbers)


def without_infinities(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace infinities by NaN, in place, and return the array."""
    if not np.isfinite(numbers).all():
        numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def seconds(series: "pd.Series[Any]") -> NDArray[np.float64]:
    """Return durations as seconds, shape (n_rows,)."""
    if isinstance(series.dtype, pd.ArrowDtype):
        series = pd.to_timedelta(pd.Series(series.to_numpy(dtype=object)), errors="coerce")
    return np.asarray(series.dt.total_seconds(), dtype=np.float64)

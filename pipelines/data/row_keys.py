"""Hash keys of rows by their content, which recognise the same row in a later table.

A key is the mixed sum of one number per cell: column order and row position do not matter, and
equal rows share a key. A cell's number depends on what it stands for, not on how
it is stored: ``3`` is ``3.0`` is ``"3"``, a date is its ISO text, ``True`` is ``1``, and an absent
cell adds nothing. So a row read from CSV or from Parquet, or from a column that a new null turned
from whole numbers into floats, has the same key.

Fractions count to single precision (7 digits): a CSV file does not keep the last bits.

Keys are stored with models for years, so they are defined in this module alone; the mixer is the
one of Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.readings import is_plain_number
from espalier.pipelines.data.parsing.text_cells import read_text_cells

SCHEME = 1
"""Version of the keys; raised when the same row would get another key."""

TOLD_APART = 0.95
"""Share of the distinct rows that the columns beside the target must tell apart to be enough."""

# Names of a table's index after a round trip through a file; it only counts rows.
_WRITTEN_INDEX = re.compile(r"unnamed(: \d+)?|__index_level_\d+__", re.IGNORECASE)
# What `pandas.read_csv` takes for an absent cell.
_ABSENT = frozenset(
    [
        "",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
        "NULL",
        "NaN",
        "NaT",
        "None",
        "n/a",
        "nan",
        "null",
    ]
)
_WORDS = {
    "True": 1.0,
    "TRUE": 1.0,
    "true": 1.0,
    "False": 0.0,
    "FALSE": 0.0,
    "false": 0.0,
    "inf": np.inf,
    "-inf": -np.inf,
}
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?")

_AT_ONCE = 256  # columns
_NUMBER_SALT = np.uint64(0x243F6A8885A308D3)
_DATE_SALT = np.uint64(0x13198A2E03707344)

UInt64 = NDArray[np.uint64]


def key_columns(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns that make up a row's key: all but a row counter saved as a column.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows.
    """
    names = [str(name) for name in with_unique_names(table).columns]
    kept = tuple(name for name in names if not _WRITTEN_INDEX.fullmatch(name))
    return kept or tuple(names)


def identified_rows(table: pd.DataFrame, target: str) -> "tuple[tuple[str, ...], UInt64]":
    """Return the columns that identify training rows in later tables, and the rows' keys.

    A row whose label is corrected or arrives later is still the same row: a model trained on it has
    seen it. So the target is not part of the key, unless the other columns tell too few rows apart:
    then rows with equal features are different observations, and the label helps to identify them.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows.
    target : str
        The target column.

    Returns
    -------
    columns : tuple of str
        The columns to pass to `row_keys` for later tables.
    keys : array of uint64, shape (n_rows,)
        The keys of this table's rows.
    """
    columns = key_columns(table)
    others = tuple(name for name in columns if name != target)
    keys = row_keys(table, columns)
    if not others:
        return columns, keys
    without = row_keys(table, others)
    if len(np.unique(without)) >= TOLD_APART * len(np.unique(keys)):
        return others, without
    return columns, keys


def row_keys(table: pd.DataFrame, columns: Sequence[str] | None = None) -> UInt64:
    """Return the keys of raw rows, shape (n_rows,).

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows; cells may be unhashable.
    columns : sequence of str or None
        The columns to hash, such as those behind another table's keys; None for `key_columns`.

    Raises
    ------
    KeyError
        A column is missing: keys without it would not be comparable.
    """
    named = with_unique_names(table)
    wanted = key_columns(named) if columns is None else columns
    kinds = dict(zip(named.columns, named.dtypes, strict=True))
    plain = [name for name in wanted if is_plain_number(kinds.get(name))]
    total = np.zeros(len(named), dtype=np.uint64)
    for start in range(0, len(plain), _AT_ONCE):
        total += _of_numbers(named, plain[start : start + _AT_ONCE])
    for name in (each for each in wanted if not is_plain_number(kinds.get(each))):
        salt = _text_number(name) | np.uint64(1)
        cells, present = _cell_numbers(named[name])
        total += np.where(present, _mixed(cells * salt), np.uint64(0))
    return _mixed(total)


def _of_numbers(table: pd.DataFrame, names: list[str]) -> UInt64:
    """Return the part of plain numeric columns in the keys, all at once; shape (n_rows,)."""
    salts = np.array([_text_number(name) | np.uint64(1) for name in names], dtype=np.uint64)
    values = np.ascontiguousarray(table[names].to_numpy(dtype=np.float64))
    cells = np.where(np.isnan(values), np.uint64(0), _mixed(_from_floats(values) * salts))
    return np.asarray(cells.sum(axis=1, dtype=np.uint64))


def _cell_numbers(series: "pd.Series[Any]") -> tuple[UInt64, NDArray[np.bool_]]:
    """Return a 64-bit number for each cell, and which cells are present."""
    dtype = series.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return _from_floats(values), ~np.isnan(values)
    if isinstance(dtype, pd.DatetimeTZDtype) or (isinstance(dtype, np.dtype) and dtype.kind == "M"):
        values = series.to_numpy(dtype="datetime64[us]")
        return _from_microseconds(values.astype(np.int64)), ~np.isnat(values)
    cells = read_text_cells(series)
    numbers, present = _from_texts(cells.values)
    return cells.spread(numbers, np.uint64(0)), cells.spread(present, False)


def _from_texts(texts: list[str]) -> tuple[UInt64, NDArray[np.bool_]]:
    """Return a 64-bit number per text, by the number or date it spells if any, and presence."""
    digests = [hashlib.blake2b(_bytes(text), digest_size=8).digest() for text in texts]
    numbers = np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)
    present = np.ones(len(texts), dtype=bool)
    spelled: list[tuple[int, float]] = []
    dated: list[tuple[int, int]] = []
    for at, text in enumerate(texts):
        if text in _ABSENT:
            present[at] = False
        elif text in _WORDS:
            spelled.append((at, _WORDS[text]))
        elif text[0] in "0123456789.+-":
            if _NUMBER.fullmatch(text):
                spelled.append((at, float(text)))
            elif _DATE.fullmatch(text) and (moment := _microseconds(text)) is not None:
                dated.append((at, moment))
    if spelled:
        places, values = zip(*spelled, strict=True)
        numbers[list(places)] = _from_floats(np.array(values, dtype=np.float64))
    if dated:
        places, moments = zip(*dated, strict=True)
        numbers[list(places)] = _from_microseconds(np.array(moments, dtype=np.int64))
    return numbers, present


def _from_floats(values: NDArray[np.float64]) -> UInt64:
    """Hash floats to 64 bits: whole numbers exactly, others rounded to single precision."""
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32).astype(np.float64)
    exact = np.where(values == np.floor(values), values, rounded) + 0.0  # -0.0 becomes 0.0
    return _mixed(exact.view(np.uint64) ^ _NUMBER_SALT)


def _from_microseconds(moments: NDArray[np.int64]) -> UInt64:
    """Hash times, in microseconds since 1970 (UTC, or as written), to 64 bits."""
    return _mixed(moments.view(np.uint64) ^ _DATE_SALT)


def _microseconds(text: str) -> int | None:
    """Return the microseconds since 1970 of an ISO date or time; None if the text is not one."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    past = moment - datetime(1970, 1, 1)  # both sides are without a zone
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def _text_number(text: str) -> np.uint64:
    digest = hashlib.blake2b(_bytes(text), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")


def _mixed(values: UInt64) -> UInt64:
    """Return SplitMix64's output function of each value: a bijection that spreads every bit."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))

"""A column as text: integer codes that point to its distinct values.

Whatever is decided about text (is it a number, a date, an id?) is decided on the distinct values,
so that a column of a million rows and fifty values costs fifty decisions.
"""

import datetime
import decimal
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MISSING_TEXTS = frozenset({"", "nan", "NaN", "<NA>", "NaT"})
"""Texts of a missing cell after a conversion to text."""
LONGEST_TEXT = 2_000
"""Characters of a string that are used; the rest is ignored."""
FEW_ROWS = 16
"""Up to this many rows every cell is read: finding the distinct ones would take longer."""


@dataclass(frozen=True, slots=True)
class TextCells:
    """A column as integer codes and the distinct texts that they point to.

    Attributes
    ----------
    codes : array of int64, shape (n_rows,)
        Position in `values`; -1 where missing.
    values : list of str
        Distinct, stripped, in order of appearance; each is used by at least one row.
    """

    codes: NDArray[np.int64]
    values: list[str]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of rows with each value, shape (n_values,)."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values))

    @property
    def n_present(self) -> int:
        """Number of rows that are not missing."""
        return int((self.codes >= 0).sum())

    @property
    def shortened(self) -> "TextCells":
        """The same cells with values of at most `LONGEST_TEXT` characters, to decide by.

        Values that agree that far stay apart.
        """
        return TextCells(self.codes, [value[:LONGEST_TEXT] for value in self.values])

    def spread(self, mapped: NDArray[Any], missing: Any) -> NDArray[Any]:
        """Return the entry of ``mapped`` (one per value) for each row, shape (n_rows,)."""
        padded = np.empty(len(mapped) + 1, dtype=mapped.dtype)
        padded[:-1] = mapped
        padded[-1] = missing
        return padded[self.codes]  # code -1 takes the last entry

    def to_objects(self) -> NDArray[Any]:
        """Return the texts themselves, NaN where missing, as an object array."""
        return self.spread(np.array([*self.values, None], dtype=object)[:-1], np.nan)


def read_text_cells(series: "pd.Series[Any]") -> TextCells:
    """Read any column as text.

    Parameters
    ----------
    series : Series
        Any dtype; cells may be unhashable. An integral float reads like the integer (``3.0`` is
        ``"3"``), so that a column of codes reads the same with and without missing cells.
    """
    if len(series) <= FEW_ROWS:
        return _read_few(series)
    codes, uniques = _factorize(series)
    if isinstance(series.dtype, pd.StringDtype):  # the same as below, in half the time
        texts = [
            text if text.isascii() else without_half_characters(text)
            for text in map(str.strip, uniques)
        ]
    else:
        texts = [canonical_text(value) for value in uniques]
    return _merge(codes, texts)


def sample_values(
    values: Sequence[str], counts: NDArray[np.int64], size: int
) -> tuple[list[str], NDArray[np.float64]]:
    """Return a sample of about ``size`` distinct values and the rows that each represents.

    A tenth are the most frequent values; the rest are evenly spaced and represent those left out.

    Parameters
    ----------
    values : sequence of str
        Distinct texts.
    counts : array, shape (n_values,)
        Number of rows with each text.
    size : int
        Number of values wanted.
    """
    if len(values) <= size:
        return list(values), counts.astype(np.float64)
    n_top = size // 10
    top = np.argpartition(-counts, n_top)[:n_top]
    others = np.ones(len(values), dtype=bool)
    others[top] = False
    rest = np.flatnonzero(others)
    chosen = rest[:: -(-len(rest) // (size - n_top))]
    weights = np.concatenate([counts[top], counts[chosen] * (len(rest) / len(chosen))])
    return [values[at] for at in (*top.tolist(), *chosen.tolist())], weights


def canonical_text(cell: Any) -> str:
    """Return a cell as stripped text; ``3``, ``3.0`` and ``"3"`` have the same text."""
    if isinstance(cell, str):
        text = cell.strip()
        return text if text.isascii() else without_half_characters(text)
    if isinstance(cell, (bool, np.bool_)):
        return str(bool(cell))
    if isinstance(cell, (int, np.integer)):
        return str(int(cell))
    if isinstance(cell, (float, np.floating, decimal.Decimal)):
        return _number_text(float(cell))
    if isinstance(cell, bytes):
        return cell.decode("utf-8", errors="replace").strip()
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    if isinstance(cell, dict):
        return repr(dict(sorted(cell.items(), key=repr)))
    if isinstance(cell, (set, frozenset)):
        return repr(sorted(cell, key=repr))
    if isinstance(cell, np.ndarray):
        return repr(cell.tolist())
    return str(cell).strip()


def cut_texts(cells: NDArray[Any]) -> NDArray[Any]:
    """Return strings, shape (n_rows,), without what is beyond `LONGEST_TEXT` characters."""
    long = [
        at
        for at, cell in enumerate(cells)
        if isinstance(cell, str) and len(cell) > LONGEST_TEXT  # a missing one is NaN
    ]
    if not long:
        return cells
    cut = cells.copy()
    for at in long:
        cut[at] = cells[at][:LONGEST_TEXT]
    return cut


def without_half_characters(text: str) -> str:
    """Return a text in which half a character, a lone surrogate, is spelled out as its escape.

    No file and no library takes it as it is.
    """
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def _number_text(value: float) -> str:
    """Return the shortest text of a number; integral ones without a point."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def _read_few(series: "pd.Series[Any]") -> TextCells:
    """Read a column cell by cell."""
    position: dict[str, int] = {}
    codes = np.full(len(series), -1, dtype=np.int64)
    for row, (cell, absent) in enumerate(
        zip(series.to_numpy(dtype=object), series.isna(), strict=True)
    ):
        text = "" if absent else canonical_text(cell)
        if text not in MISSING_TEXTS:
            codes[row] = position.setdefault(text, len(position))
    return TextCells(codes, list(position))


def _factorize(series: "pd.Series[Any]") -> tuple[NDArray[np.int64], Sequence[Any]]:
    """Return codes (-1 missing) and distinct raw cells."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return series.cat.codes.to_numpy().astype(np.int64), list(series.cat.categories)
    objects = pd.api.types.is_object_dtype(series.dtype)
    if objects and pd.api.types.infer_dtype(series, skipna=True) != "string":
        # True == 1 == 1.0 would fall together, and a list has no hash: go by the text of each cell.
        missing = series.isna().to_numpy()
        texts = np.empty(len(series), dtype=object)
        texts[:] = [
            None if absent else canonical_text(cell)
            for cell, absent in zip(series.to_numpy(), missing, strict=True)
        ]
        codes, uniques = pd.factorize(texts)
        return codes.astype(np.int64), uniques.tolist()
    try:
        codes, distinct = pd.factorize(series.to_numpy() if objects else series.array)
    except NotImplementedError:  # lists, structs and half floats of Arrow
        return _factorize(series.astype(object))
    return np.asarray(codes, dtype=np.int64), _cells(distinct)


def _cells(distinct: Any) -> list[Any]:
    """Return the cells of an array of any kind as a list."""
    if isinstance(getattr(distinct, "dtype", None), (pd.StringDtype, pd.ArrowDtype)):
        return distinct.to_numpy(dtype=object).tolist()  # many times faster than iterating
    return list(distinct)


def _merge(codes: NDArray[np.int64], texts: list[str]) -> TextCells:
    """Merge values with the same text, drop missing and unused ones."""
    used = np.zeros(len(texts), dtype=bool)
    used[codes[codes >= 0]] = True
    distinct = set(texts)
    if len(distinct) == len(texts) and used.all() and distinct.isdisjoint(MISSING_TEXTS):
        return TextCells(codes, texts)
    position: dict[str, int] = {}
    new_code = np.full(len(texts) + 1, -1, dtype=np.int64)
    for old, text in enumerate(texts):
        if used[old] and text not in MISSING_TEXTS:
            new_code[old] = position.setdefault(text, len(position))
    return TextCells(new_code[codes], list(position))

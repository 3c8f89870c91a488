"""Divide a table into slices: the rows of each value of a column."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.errors import UserError

OTHERS = "(others)"
MISSING = "(missing)"
# A numeric column with more values than this is cut at its quartiles.
MOST_NUMBERS = 12

Slices = dict[str, dict[str, NDArray[np.int64]]]


def find_slices(table: pd.DataFrame, columns: Sequence[str], *, min_rows: int) -> Slices:
    """Return row positions by column and value, the largest slice of a column first.

    Values with fewer than ``min_rows`` rows are pooled; if they have fewer even together, they are
    left out. Missing cells count as a value. Numeric columns with many values are cut at quartiles.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows.
    columns : sequence of str
        Columns to slice by.
    min_rows : int
        Smallest number of rows of a slice.

    Raises
    ------
    UserError
        A column is missing.
    """
    named = with_unique_names(table)
    missing = [name for name in columns if name not in named]
    if missing:
        known = ", ".join(repr(name) for name in list(named.columns)[:20])
        raise UserError(f"no column {missing[0]!r} to slice by; there is {known}")
    return {name: _slices_of(named[name], min_rows) for name in columns}


def _slices_of(series: "pd.Series[Any]", min_rows: int) -> dict[str, NDArray[np.int64]]:
    names, codes = _values(series)
    counts = np.bincount(codes, minlength=len(names))
    large = [at for at in np.argsort(-counts, kind="stable") if counts[at] >= min_rows]
    found = {names[at]: np.flatnonzero(codes == at) for at in large}
    rest = np.flatnonzero(~np.isin(codes, large))
    if len(rest) >= min_rows:
        found[OTHERS] = rest
    return found


def _values(series: "pd.Series[Any]") -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of a column's values, and the value code of each row."""
    cells = series
    numeric = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
    if numeric and series.nunique() > MOST_NUMBERS:
        cells = pd.qcut(series.astype("float64"), 4, duplicates="drop").astype("str")
        cells = cells.where(series.notna(), None)
    read = read_text_cells(cells)
    codes = np.where(read.codes < 0, len(read.values), read.codes)
    return [*read.values, MISSING], codes

"""Convert a raw column to comparable cells, for measuring drift."""

from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_plans import plan_column
from espalier.pipelines.data.parsing.readings import DateReading, NumberReading
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.errors import UserError


class CellKind(StrEnum):
    """How the cells of a column are compared."""

    NUMBER = "number"  # float64, NaN where missing
    CATEGORY = "category"  # object: str, None where missing
    TEXT = "text"  # float64: length in characters, NaN where missing
    DATE = "date"  # float64: seconds since 1970, NaN where missing


_KINDS = {
    ColumnRole.NUMERIC: CellKind.NUMBER,
    ColumnRole.CATEGORICAL: CellKind.CATEGORY,
    ColumnRole.TEXT: CellKind.TEXT,
    ColumnRole.DATETIME: CellKind.DATE,
}


def cell_kind(series: "pd.Series[Any]", *, is_label: bool = False) -> CellKind:
    """Return how a column is compared.

    Parameters
    ----------
    series : Series
        Raw cells of the earlier table.
    is_label : bool
        Whether it is the target of a classification problem, which is always categorical.
    """
    if is_label:
        return CellKind.CATEGORY
    if not series.notna().any() or pd.api.types.is_complex_dtype(series.dtype):
        return CellKind.CATEGORY
    return _KINDS[plan_column(str(series.name), series).role]


def read_cells(series: "pd.Series[Any]", kind: CellKind) -> NDArray[Any]:
    """Convert the cells of a column to ``kind``, shape (n_rows,).

    Cells that cannot be converted count as missing: a column that changes from numbers to words
    appears to have lost its values.
    """
    if kind is CellKind.CATEGORY:
        return _words(series)
    if kind is CellKind.TEXT:
        cells = read_text_cells(series)
        lengths = np.array([len(value) for value in cells.values], dtype=np.float64)
        return cells.spread(lengths, np.nan)
    if not series.notna().any() or pd.api.types.is_complex_dtype(series.dtype):
        return np.full(len(series), np.nan)
    plan = plan_column(str(series.name), series)
    if kind is CellKind.NUMBER:
        reading = plan.reading if plan.role is ColumnRole.NUMERIC else NumberReading()
        try:
            return np.asarray(reading.read(series), dtype=np.float64)
        except UserError:  # dates where numbers were
            return np.full(len(series), np.nan)
    dating = plan.reading if plan.role is ColumnRole.DATETIME else DateReading()
    moments = np.asarray(dating.read(series), dtype="datetime64[ns]")
    seconds = moments.astype(np.int64) / 1e9
    seconds[np.isnat(moments)] = np.nan
    return seconds


def _words(series: "pd.Series[Any]") -> NDArray[Any]:
    cells = read_text_cells(series)
    return cells.spread(np.array([*cells.values, None], dtype=object)[:-1], None)

"""Plan and read the plain numeric columns of a wide table together.

One by one, twenty thousand columns take ten seconds. Most columns of such a table are numbers about
which nothing needs to be decided; these are found and read as one block. All others are left to
`column_plans.plan_column`, which would decide the same for the ones read here.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import is_id_name
from espalier.pipelines.data.parsing.column_plans import COMPACT_DAYS, plain_style
from espalier.pipelines.data.parsing.decimal_signs import are_whole
from espalier.pipelines.data.parsing.readings import (
    ColumnPlan,
    NumberReading,
    is_plain_number,
    without_infinities,
)
from espalier.pipelines.data.parsing.roles import ColumnRole


def plan_plain_numbers(
    table: pd.DataFrame, skipped: Collection[str], decimal: str | None
) -> Mapping[str, tuple[ColumnPlan, NDArray[np.float64]]]:
    """Return plan and prepared cells, shape (n_rows,), of the columns that are plainly numbers.

    Not among them: columns without a value or with a single one, those that may be dates written
    as 20240131, and those that may be identifiers or count the rows.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw training rows with unique column names.
    skipped : collection of str
        Columns to leave out.
    decimal : str or None
        Decimal sign of the table's other numbers.
    """
    names = [
        name
        for name, dtype in zip(table.columns, table.dtypes, strict=True)
        if is_plain_number(dtype) and name not in skipped and not is_id_name(name)
    ]
    if not names or len(table) < 2:
        return {}
    block = np.asfortranarray(table[names].to_numpy(dtype=np.float64, copy=True))
    block = without_infinities(block)
    low = np.fmin.reduce(block, axis=0)
    high = np.fmax.reduce(block, axis=0)
    first, last = COMPACT_DAYS
    is_plain = (low < high) & ~((low >= first) & (high <= last))
    is_plain &= ~(np.diff(block[:3], axis=0) == 1.0).all(axis=0)
    style = plain_style(decimal)
    readings = {whole: NumberReading(replace(style, is_whole=whole)) for whole in (True, False)}
    return {
        names[at]: (
            ColumnPlan(names[at], ColumnRole.NUMERIC, readings[are_whole(block[:, at])]),
            block[:, at],
        )
        for at in np.flatnonzero(is_plain).tolist()
    }

"""From the user's layout of a table of series to the long one: a row for each series and time."""

from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.hierarchy import path_of


def as_long(table: pd.DataFrame, columns: SeriesColumns) -> pd.DataFrame:
    """Return the long table; one that is long already is returned as it is.

    Of a wide table each column that is neither the time, a covariate nor excluded is a series,
    called by the column's name. The series of a hierarchy are called by the path that leads to
    them.

    Parameters
    ----------
    table : DataFrame
        The rows in the user's layout.
    columns : SeriesColumns
        Names of the columns, and the layout.

    Raises
    ------
    UserError
        A wide table has no column of values, or one that holds no numbers; or a level of the
        hierarchy is missing, or has empty cells.
    """
    if not isinstance(table, pd.DataFrame):
        raise UserError(f"series must be given as a DataFrame, not as {type(table).__name__}")
    if columns.hierarchy:
        return _with_paths(table, columns)
    if columns.wide and not {columns.series, columns.target} <= set(table.columns):
        return _molten(table, columns)
    return table


def _molten(table: pd.DataFrame, columns: SeriesColumns) -> pd.DataFrame:
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise UserError(f"two columns of the wide table are called {twice!r}; rename one")
    if columns.time not in table.columns:
        shown = ", ".join(repr(str(name)) for name in table.columns)
        raise UserError(f"the table lacks the time column {columns.time!r}; it has {shown}")
    missing = [repr(str(each)) for each in columns.covariates if each not in table.columns]
    if missing:
        raise UserError(
            f"the table lacks the covariate(s) {', '.join(missing)}; add them, or "
            "train without them"
        )
    shared = [columns.time, *columns.covariates]
    left_out = {*shared, *columns.exclude}
    series = [each for each in table.columns if each not in left_out]
    if not series:
        raise UserError("a wide table needs a column for each series, beside that of the times")
    for name in series:
        _refuse_text(table[name])
    long = pd.concat([table[shared]] * len(series), ignore_index=True)
    long[columns.series] = np.repeat(np.array(series, dtype=object), len(table))
    long[columns.target] = pd.concat([table[name] for name in series], ignore_index=True)
    return long


def _refuse_text(column: "pd.Series[Any]") -> None:
    filled = column.dropna()
    if not pd.api.types.is_numeric_dtype(filled.dtype):
        numbers = pd.to_numeric(filled.astype(str), errors="coerce")
        if len(filled) and numbers.isna().all():
            raise UserError(
                f"column {column.name!r} of the wide table holds no numbers, such as "
                f"{filled.iloc[0]!r}; exclude it, or name it as a covariate"
            )


def _with_paths(table: pd.DataFrame, columns: SeriesColumns) -> pd.DataFrame:
    levels = list(columns.hierarchy)
    missing = [repr(str(each)) for each in levels if each not in table.columns]
    if missing:
        shown = ", ".join(repr(str(name)) for name in table.columns)
        raise UserError(
            f"the table lacks the level(s) {', '.join(missing)} of the hierarchy; it has {shown}"
        )
    empty = table[levels].isna().any(axis=1)
    if empty.any():
        raise UserError(
            f"{int(empty.sum())} row(s) have an empty cell in the hierarchy "
            f"{', '.join(map(str, levels))}; a forecast needs rows of the last level only, and "
            "adds them up itself"
        )
    codes = table.groupby(levels, sort=False, observed=True).ngroup()
    first = ~codes.duplicated()
    places = [path_of(row) for row in table.loc[first, levels].itertuples(index=False, name=None)]
    paths = pd.Series(places, index=codes[first].to_numpy()).reindex(codes.to_numpy()).to_numpy()
    return table.assign(**{str(columns.series): paths})

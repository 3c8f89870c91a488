"""Values and covariates of a table of series, as numbers."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.panel import Floats


def read_values(column: "pd.Series[Any]", name: str) -> Floats:
    """Return the target as numbers, shape (n,); NaN where there is no value.

    Raises
    ------
    UserError
        A cell holds something that is no number.
    """
    numbers = _numbers(column)
    bad = numbers.isna() & _filled(column)
    if bad.any():
        raise UserError(
            f"target {name!r} must hold numbers; {int(bad.sum())} value(s) are not, "
            f"such as {column[bad].iloc[0]!r}: "
            "correct them, or leave them empty"
        )
    values = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def read_covariates(
    columns: pd.DataFrame,
    categories: dict[Any, tuple[Any, ...]],
    *,
    as_before: bool,
    what: str = "known",
) -> Floats:
    """Return covariates as numbers, shape (n, C); categories as codes, NaN where missing.

    Parameters
    ----------
    columns : DataFrame, shape (n, C)
        The covariates.
    categories : dict of str to tuple
        Categories of those that are no numbers; new ones are added.
    as_before : bool
        Whether a covariate without ``categories`` must be a number, as it was in the training.
    what : str
        The kind of covariates, for messages.

    Raises
    ------
    UserError
        A covariate that was a number in the training is none now.
    """
    found = np.full(columns.shape, np.nan)
    for place, name in enumerate(columns.columns):
        column = columns[name]
        if name not in categories and (as_before or pd.api.types.is_numeric_dtype(column.dtype)):
            numbers = _numbers(column)
            bad = numbers.isna() & _filled(column)
            if bad.any():
                raise UserError(
                    f"{what} covariate {name!r} held numbers when the model was trained; "
                    f"{int(bad.sum())} cell(s) do not now, such as {column[bad].iloc[0]!r}"
                )
            found[:, place] = numbers.to_numpy(dtype=np.float64, na_value=np.nan)
            continue
        if name not in categories:
            categories[name] = tuple(sorted(column.dropna().astype(str).unique()))
        codes = pd.Categorical(column.astype(str), categories=list(categories[name])).codes
        found[:, place] = np.where(codes < 0, np.nan, codes)
    return found


def category_cells(codes: Floats, categories: tuple[Any, ...]) -> NDArray[Any]:
    """Return the categories that `read_covariates` made these codes of; None where missing."""
    texts = np.array([*categories, None], dtype=object)
    cells: NDArray[Any] = texts[np.where(np.isfinite(codes), np.nan_to_num(codes), -1).astype(int)]
    return cells


def _numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column
    return pd.to_numeric(column, errors="coerce")


def _filled(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return where a cell holds something: a cell of blanks in a column of text does not."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.notna()
    return column.notna() & (column.astype(str).str.strip() != "")

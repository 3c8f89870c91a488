"""Static covariates: what a table of series says of each series as a whole."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.cells import category_cells, read_covariates
from espalier.pipelines.forecasting.panel import Floats

# Of more categories than this a column of its own for each would hide the others.
_MOST_CATEGORIES = 12


def read_static(
    columns: pd.DataFrame,
    groups: NDArray[np.integer],
    names: "pd.Index[Any]",
    categories: dict[Any, tuple[Any, ...]],
    *,
    as_before: bool,
) -> Floats:
    """Return the static covariates of each series as numbers, shape (S, K); NaN where missing.

    Numbers stay as they are. Up to twelve categories become columns of 0 and 1; more become codes.

    Parameters
    ----------
    columns : DataFrame, shape (n, number of static covariates)
        Their cells; empty cells are those of rows that only hold the future.
    groups : array of int, shape (n,)
        The series of each row.
    names : Index
        Names of the series, for messages.
    categories : dict of str to tuple
        Categories of those that are no numbers; new ones are added.
    as_before : bool
        Whether a covariate without ``categories`` must be a number, as it was in the training.

    Raises
    ------
    UserError
        A series has two values.
    """
    by_series = {}
    for name in columns.columns:
        column = columns[name]
        filled = column.notna().to_numpy()
        first = pd.Series(column.to_numpy()[filled]).groupby(groups[filled]).first()
        own = first.reindex(np.arange(len(names)))
        differs = filled & (column.to_numpy() != own.to_numpy()[groups])
        if differs.any():
            at = int(np.argmax(differs))
            of = f" of series {str(names[groups[at]])!r}" if len(names) > 1 else ""
            raise UserError(
                f"static covariate {name!r} has several values{of}, such as "
                f"{own.iloc[groups[at]]!r} and {column.iloc[at]!r}; one that changes is a known or "
                "a past covariate"
            )
        by_series[name] = own.infer_objects()
    frame = pd.DataFrame(by_series, index=range(len(names)), columns=list(columns.columns))
    codes = read_covariates(frame, categories, as_before=as_before, what="static")
    parts = []
    for place, name in enumerate(frame.columns):
        one = codes[:, place]
        if name in categories and len(categories[name]) <= _MOST_CATEGORIES:
            levels = np.arange(len(categories[name]))
            known = np.isfinite(one)[:, None]
            parts.append(np.where(known, one[:, None] == levels, np.nan))
        else:
            parts.append(one[:, None])
    return np.concatenate(parts, axis=1) if parts else np.zeros((len(names), 0))


def static_cells(
    static: Floats, names: tuple[Any, ...], categories: dict[Any, tuple[Any, ...]]
) -> pd.DataFrame:
    """Return the cells that `read_static` made numbers of, one row for each series."""
    found, at = {}, 0
    for name in names:
        if name not in categories:
            found[name] = pd.Series(static[:, at])
            at += 1
            continue
        if len(categories[name]) <= _MOST_CATEGORIES:
            some = static[:, at : at + len(categories[name])]
            at += some.shape[1]
            known = np.isfinite(some).all(axis=1) & (some.shape[1] > 0)
            places = np.nan_to_num(some).argmax(axis=1) if some.shape[1] else 0
            codes = np.where(known, places, np.nan)
        else:
            codes = static[:, at]
            at += 1
        found[name] = pd.Series(category_cells(codes, categories[name]))
    return pd.DataFrame(found, columns=list(names))

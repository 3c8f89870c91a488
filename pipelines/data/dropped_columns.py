"""Detect columns that cannot help a model: empty, constant, identifiers and copies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import is_id_name
from espalier.pipelines.data.parsing.column_plans import is_sentence_like
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.parsing.text_cells import TextCells, read_text_cells

UNIQUE_SHARE = 0.98
"""Share of distinct values from which texts may be identifiers."""
_CODE = re.compile(r"[\w\-.:/#{}]+")


@dataclass(frozen=True, slots=True)
class DroppedColumn:
    """A column that is not used as a feature, with the reason.

    Attributes
    ----------
    name : str
        The column.
    reason : str
        Why, in words for the user.
    """

    name: str
    reason: str


def reason_to_drop(
    name: str, role: ColumnRole, cells: NDArray[Any], raw: "pd.Series[Any]"
) -> str | None:
    """Return why a prepared column cannot help a model; None if it may help.

    Parameters
    ----------
    name : str
        The column.
    role : ColumnRole
        What it holds.
    cells : array, shape (n_rows,)
        Its prepared cells.
    raw : Series
        Its raw cells.
    """
    missing = np.asarray(pd.isna(cells))
    if missing.all():
        return "no cell has a usable value"
    if len(cells) > 1 and not missing.any() and _constant(cells, role):
        return f"constant: every row has {_shown(cells[0])}"
    if role is ColumnRole.NUMERIC:
        return number_identifier(name, cells, raw)
    if role is ColumnRole.TEXT:
        return text_identifier(name, read_text_cells(raw).shortened)
    return None


def copies(columns: Mapping[str, NDArray[Any]], roles: Mapping[str, ColumnRole]) -> dict[str, str]:
    """Return the columns that repeat an earlier one, each with the one it repeats.

    Parameters
    ----------
    columns : mapping of str to array, each of shape (n_rows,)
        Prepared cells. Categories count as copies when one is a renaming of the other.
    roles : mapping of str to ColumnRole
        What each holds.
    """
    first: dict[tuple[str, int], list[str]] = {}
    weights: NDArray[np.uint64] | None = None
    comparable: dict[str, NDArray[Any]] = {}
    found: dict[str, str] = {}
    for name, cells in columns.items():
        role = ColumnRole.DATETIME if roles[name].is_date else roles[name]
        if role is ColumnRole.TEXT or role.is_vector:
            continue  # texts are never renamed copies: their words carry information
        if role is ColumnRole.CATEGORICAL:
            values = pd.factorize(cells)[0]
        elif role is ColumnRole.DATETIME:
            values = cells.view(np.int64)
        else:
            values = cells
        digest = pd.util.hash_array(values)
        if weights is None:  # so that the same cells in another order have another digest
            weights = pd.util.hash_array(np.arange(len(digest))) | np.uint64(1)
        key = (role.value, int((digest * weights).sum(dtype=np.uint64)))
        for earlier in first.get(key, []):
            if np.array_equal(comparable[earlier], values, equal_nan=values.dtype.kind == "f"):
                found[name] = earlier
                break
        else:
            first.setdefault(key, []).append(name)
            comparable[name] = values
    return found


def number_identifier(name: str, cells: NDArray[np.float64], raw: "pd.Series[Any]") -> str | None:
    """Return why a numeric column, shape (n_rows,), is an identifier; None if it is not one."""
    if len(cells) < 20 or pd.api.types.is_bool_dtype(raw.dtype):
        return None
    if not (cells == np.floor(cells)).all():  # a missing cell is not equal to itself
        return None
    steps = np.diff(cells)
    if (steps == 1).all() and cells[0] in (0, 1):
        return "row number: counts up by one from row to row"
    if is_id_name(name) and ((steps > 0).all() or len(np.unique(cells)) == len(cells)):
        return "identifier: by its name, and different in every row"
    return None


def text_identifier(name: str, cells: TextCells) -> str | None:
    """Return why a text column is an identifier; None if it is not one."""
    n_values, n_present = len(cells.values), cells.n_present
    if n_present < 20 or n_values < UNIQUE_SHARE * n_present or is_sentence_like(cells):
        return None
    sample = cells.values[:: max(1, n_values // 500)]
    if np.mean([_CODE.fullmatch(value) is not None for value in sample]) < 0.98:
        return None  # names, addresses, formulas: different in every row, but they say something
    if is_id_name(name):
        return "identifier: by its name, and different in every row"
    lengths = np.array([len(value) for value in sample])
    digits = np.mean([any(char.isdigit() for char in value) for value in sample])
    if np.subtract(*np.percentile(lengths, [95, 5])) <= 2 and digits >= 0.9:
        return "identifier: a code that is different in every row"
    return None


def _constant(cells: NDArray[Any], role: ColumnRole) -> bool:
    """Whether all cells are equal; none of them may be missing."""
    if role in (ColumnRole.CATEGORICAL, ColumnRole.TEXT):
        return all(cell == cells[0] for cell in cells)
    return bool((cells == cells[0]).all())


def _shown(cell: Any) -> str:
    """Format a cell for a message, in at most 40 characters."""
    text = repr(cell) if isinstance(cell, str) else str(cell)
    return text if len(text) <= 40 else text[:37] + "..."


def nothing_left(dropped: Mapping[str, str]) -> str:
    """Return the error message for a table without features."""
    if not dropped:
        return "no feature is left: the table has no column besides the target; add columns"
    shown = "; ".join(f"{name!r} ({reason})" for name, reason in list(dropped.items())[:5])
    more = f" and {len(dropped) - 5} more" if len(dropped) > 5 else ""
    return f"no feature is left: {shown}{more}; give columns that vary from row to row"

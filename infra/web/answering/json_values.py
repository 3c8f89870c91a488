"""Cells of any type as JSON that no client misreads."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.column_names import unique_names
from espalier.pipelines.data.parsing.text_cells import without_half_characters

EXACT = 2**53
"""Whole numbers beyond it are rounded by JavaScript and whatever else reads JSON as doubles."""


def json_value(cell: Any) -> Any:
    """Return a cell as what JSON can hold.

    Missing and infinite are null, whole numbers beyond 2**53 are text, dates are ISO 8601, and what
    JSON has no word for is its own text.

    Examples
    --------
    >>> json_value(np.int64(7)), json_value(float("nan")), json_value(2**60), json_value(True)
    (7, None, '1152921504606846976', True)
    >>> json_value(pd.Timestamp("2026-02-01"))
    '2026-02-01T00:00:00'
    """
    if isinstance(cell, np.ndarray):
        return [json_value(each) for each in cell.tolist()]
    if isinstance(cell, np.generic) and not isinstance(cell, (np.datetime64, np.timedelta64)):
        cell = cell.item()
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, int):
        return cell if -EXACT <= cell <= EXACT else str(cell)
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if isinstance(cell, str):
        return without_half_characters(cell)
    if isinstance(cell, dict):
        return {key_text(key): json_value(each) for key, each in cell.items()}
    if isinstance(cell, (list, tuple, set, frozenset)):
        return [json_value(each) for each in cell]
    if isinstance(cell, (np.datetime64, np.timedelta64)):
        cell = pd.Timestamp(cell) if isinstance(cell, np.datetime64) else pd.Timedelta(cell)
    if cell is pd.NaT or cell is pd.NA:
        return None
    written = getattr(cell, "isoformat", None)
    return written() if callable(written) else without_half_characters(str(cell))


def key_text(label: Any) -> str:
    """Return a label as the name of a JSON field: as the label itself is written there."""
    value = json_value(label)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def label_keys(labels: Iterable[Any]) -> tuple[str, ...]:
    """Return the names of class labels as JSON fields; labels such as 1 and "1" stay apart."""
    return tuple(unique_names(key_text(label) for label in labels))


def finite_list(values: NDArray[np.float64]) -> list[float | None]:
    """Return numbers as a list, with None for what is missing or infinite."""
    listed: list[float | None] = values.tolist()
    if np.isfinite(values).all():
        return listed
    return [each if each is not None and math.isfinite(each) else None for each in listed]

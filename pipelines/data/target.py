"""The target: which problem it poses, and its codes or values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.cell_display import quoted_cell
from espalier.pipelines.data.labels import distinct_labels, encode_labels
from espalier.pipelines.data.parsing.decimal_signs import column_evidence
from espalier.pipelines.data.parsing.numbers import NumberStyle, detect_number_style, parse_numbers
from espalier.pipelines.data.parsing.readings import (
    holds_date_objects,
    is_date,
    is_number,
    is_timedelta,
    seconds,
    to_float,
)
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import ProblemKind

TASKS = ("auto", "classification", *ProblemKind)
"""What a user may ask for; ``classification`` leaves the number of classes to the target."""
MOST_NUMBER_CLASSES = 20
"""Whole numbers with more distinct values than this are a quantity."""
ROWS_PER_NUMBER_CLASS = 10
"""Mean number of rows per value from which few distinct whole numbers are classes."""


def infer_problem(y: "pd.Series[Any]", task: str = "auto") -> ProblemKind:
    """Return the kind of problem of a target: binary, multiclass or regression.

    Two distinct values make a binary problem; texts, categories and a few often repeated whole
    numbers a multiclass one; any other numbers, written as text or not, a regression.

    Parameters
    ----------
    y : Series, shape (n_rows,)
        The target; missing cells are ignored. Its name is used in messages.
    task : str
        What the user asked for: ``auto``, ``classification``, ``binary``, ``multiclass`` or
        ``regression``.

    Raises
    ------
    UserError
        The target is missing everywhere, constant, a date, different in every row where it should
        be a class, or contradicts the task.
    """
    if task not in TASKS:
        raise UserError(f"unknown task {task!r}; it is one of {', '.join(TASKS)}")
    name = y.name
    if _holds_dates(y):
        raise UserError(f"the target {name!r} holds dates; derive a number or a class from it")
    n_rows = len(y)
    y = y[target_present(y).tolist()]
    if len(y) == 0:
        raise UserError(
            f"the target {name!r} is missing in every row; give a table in which it is filled"
        )
    numbers = target_numbers(y, codes=task == ProblemKind.REGRESSION)
    n_values = len(distinct_labels(y))
    if task == ProblemKind.REGRESSION and numbers is not None:
        n_values = len(np.unique(numbers))
    if n_values == 1 and not (task == "regression" and len(y) == 1):
        n_absent = n_rows - len(y)
        absent = (
            f" and nothing in {n_absent} row(s), blank or a word for nothing such as 'nan'"
            if n_absent
            else ""
        )
        raise UserError(
            f"the target {name!r} has one value only ({_shown(y.iloc[0])}){absent}: there is "
            "nothing to learn with a single class or constant; give rows with at least two values"
        )
    if task == ProblemKind.REGRESSION:
        if numbers is None:
            raise UserError(
                f"task regression needs numbers, but the target {name!r} holds "
                f"{_example_text(y)}; use task {'binary' if n_values == 2 else 'multiclass'}"
            )
        return ProblemKind.REGRESSION
    if task == "auto" and numbers is not None and n_values > 2 and not _few_classes(numbers):
        return ProblemKind.REGRESSION
    return _classification(y, numbers, n_values, task)


def encode_target(
    y: "pd.Series[Any]", problem: ProblemKind, decimal: str | None = None
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return the target as codes or values.

    Parameters
    ----------
    y : Series, shape (n_rows,)
        The target, nothing missing.
    problem : ProblemKind
        What `infer_problem` returned for it.
    decimal : str or None
        Decimal sign of the table's other numbers, for a target in text that does not tell its own.

    Returns
    -------
    codes : array, shape (n_rows,)
        int64 codes for classification, float64 values for regression.
    classes : array or None, shape (n_classes,)
        Sorted labels, exactly as given; None for regression.

    Raises
    ------
    UserError
        A cell is missing, or a regression target is not numeric.
    """
    if not target_present(y).all():
        raise UserError(f"the target {y.name!r} has missing or infinite values; drop those rows")
    if problem is ProblemKind.REGRESSION:
        numbers = target_numbers(y, decimal, codes=True)
        if numbers is None:
            raise UserError(
                f"the target {y.name!r} holds {_example_text(y)}, which is no number; correct it, "
                "or predict classes instead"
            )
        return numbers, None
    return encode_labels(y)


def target_present(y: "pd.Series[Any]") -> NDArray[np.bool_]:
    """Return which rows have a target, shape (n_rows,): not missing, blank or infinite."""
    present = y.notna().to_numpy(dtype=bool)
    if is_number(y.dtype):
        return present & np.isfinite(to_float(y)) if present.any() else present
    if is_date(y.dtype) or is_timedelta(y.dtype):
        return present
    return present & (read_text_cells(y).codes >= 0)


def target_numbers(
    y: "pd.Series[Any]", decimal: str | None = None, *, codes: bool = False
) -> NDArray[np.float64] | None:
    """Return the target as numbers, shape (n_rows,); None where it does not hold numbers.

    Booleans and categories are labels, not numbers, and so are codes such as ``007`` unless
    ``codes`` asks for them. ``decimal`` is as for `encode_target`.
    """
    if isinstance(y.dtype, pd.CategoricalDtype) or pd.api.types.is_bool_dtype(y.dtype):
        return None
    if is_number(y.dtype):
        return None if str(y.dtype).startswith("bool") else to_float(y)
    if is_timedelta(y.dtype):
        return seconds(y)
    if pd.api.types.infer_dtype(y, skipna=True) == "boolean":
        return None
    cells = read_text_cells(y)
    told = column_evidence(cells).decimal or decimal
    style = detect_number_style(cells.values, cells.counts, told)
    if style is None and codes:
        style = NumberStyle(told or ".")
    if style is None:
        return None
    numbers = cells.spread(parse_numbers(cells.values, style), np.nan)
    # A target is not a place to guess: one cell that is no number makes it a label.
    return numbers if np.isfinite(numbers).all() else None


def require_rows(n_rows: int, min_rows: int, where: str = "the table") -> None:
    """Raise a `UserError` when there are too few rows to learn from."""
    if n_rows < min_rows:
        raise UserError(
            f"{where} has {n_rows} row(s) with a target; at least {min_rows} are needed to learn "
            "and to check what was learned"
        )


def similar_labels(classes: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    """Return pairs of labels that differ only by case or blanks."""
    seen: dict[str, str] = {}
    pairs = []
    for label in classes:
        text = str(label)
        folded = " ".join(text.casefold().split())
        if seen.setdefault(folded, text) != text:
            pairs.append((seen[folded], text))
    return tuple(pairs)


def _classification(
    y: "pd.Series[Any]", numbers: NDArray[np.float64] | None, n_values: int, task: str
) -> ProblemKind:
    """Return binary or multiclass; raise if the target has no classes or contradicts the task."""
    name, n_rows = y.name, len(y)
    if n_values == n_rows and n_rows > 2:
        raise UserError(
            f"the target {name!r} has one row per class: {n_values} distinct values in {n_rows} "
            "rows; name another column, or use task regression if it is a quantity"
        )
    if n_values > 0.5 * n_rows and n_values > MOST_NUMBER_CLASSES:
        raise UserError(
            f"the target {name!r} has {n_values} distinct values in {n_rows} rows, too many to be "
            "classes; name another column, or use task regression if it is a quantity"
        )
    continuous = numbers is not None and bool((numbers != np.floor(numbers)).any())
    if continuous and n_values > 2 * MOST_NUMBER_CLASSES and task != "auto":
        raise UserError(
            f"task {task} needs classes, but the target {name!r} holds {n_values} distinct "
            "fractional numbers; use task regression"
        )
    problem = ProblemKind.BINARY if n_values == 2 else ProblemKind.MULTICLASS
    if task in (ProblemKind.BINARY, ProblemKind.MULTICLASS) and task != problem:
        raise UserError(
            f"task {task} contradicts the target {name!r}, which has {n_values} classes "
            f"({_some(y)}); use task {problem}"
        )
    return problem


def _few_classes(numbers: NDArray[np.float64]) -> bool:
    """Whether the numbers are few distinct whole numbers, each repeated often."""
    if (numbers != np.floor(numbers)).any():
        return False
    n_values = len(np.unique(numbers))
    return n_values <= MOST_NUMBER_CLASSES and len(numbers) >= ROWS_PER_NUMBER_CLASS * n_values


def _holds_dates(y: "pd.Series[Any]") -> bool:
    """Whether a target holds dates, as such, as Python objects or as categories."""
    if isinstance(y.dtype, pd.CategoricalDtype):
        return is_date(y.cat.categories.dtype)
    return is_date(y.dtype) or holds_date_objects(y)


def _texts(y: "pd.Series[Any]") -> list[str]:
    """Return the distinct texts of a target."""
    return read_text_cells(y).values


def _example_text(y: "pd.Series[Any]") -> str:
    """Return a cell that is no number, for a message."""
    values = _texts(y)
    parsed = parse_numbers(values, NumberStyle())
    worst = [value for value, number in zip(values, parsed, strict=True) if np.isnan(number)]
    return _shown(worst[0] if worst else values[0])


def _some(y: "pd.Series[Any]") -> str:
    """Return a few labels for a message."""
    values = _texts(y)
    return ", ".join(_shown(value) for value in values[:4]) + ("..." if len(values) > 4 else "")


def _shown(cell: Any) -> str:
    """Format a cell for a message, in at most 40 characters."""
    text = quoted_cell(repr(cell) if isinstance(cell, str) else str(cell))
    return text if len(text) <= 40 else text[:37] + "..."

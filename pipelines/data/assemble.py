"""Turn a raw table and the user's options into a dataset ready for training."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.labels import whole_labels
from espalier.pipelines.data.parsing.column_names import find_column, with_unique_names
from espalier.pipelines.data.parsing.column_plans import plan_column, plan_numbers
from espalier.pipelines.data.parsing.decimal_signs import DECIMAL, holds_texts, table_decimal
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.data.preparation import FrozenColumns, Preparation
from espalier.pipelines.data.prepare import NOTHING_GIVEN, prepare
from espalier.pipelines.data.row_weights import mean_one
from espalier.pipelines.data.target import (
    encode_target,
    infer_problem,
    require_rows,
    similar_labels,
    target_present,
)
from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import ProblemKind


@dataclass(frozen=True, slots=True, kw_only=True)
class AssembledDataset:
    """A dataset with its preparation, row positions and notes for the user.

    Attributes
    ----------
    dataset : Dataset
        What the search works on.
    preparation : Preparation
        What was decided about the columns; applied again at serving time.
    rows : array of int64, shape (n_rows,)
        Positions in the raw table of the dataset's rows.
    rows_without_target : int
        Rows that were dropped because they have no target.
    notes : tuple of str
        What the user should know, one line each.
    """

    dataset: Dataset
    preparation: Preparation
    rows: NDArray[np.int64]
    rows_without_target: int
    notes: tuple[str, ...] = ()


def assemble(
    table: pd.DataFrame,
    *,
    target: str,
    task: str = "auto",
    exclude: Sequence[str] = (),
    group_column: str | None = None,
    time_column: str | None = None,
    weight_column: str | None = None,
    min_rows: int = 20,
    frozen: FrozenColumns | None = None,
) -> AssembledDataset:
    """Turn a raw table into a dataset.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw rows, the target among the columns.
    target : str
        The target column.
    task : str
        ``auto``, ``classification``, ``binary``, ``multiclass`` or ``regression``.
    exclude : sequence of str
        Columns to leave out.
    group_column : str or None
        Rows with the same value stay on one side of every split; a row without a value is a
        group of its own.
    time_column : str or None
        Dates or numbers; no split validates on rows older than those it trains on.
    weight_column : str or None
        How much each row counts in fitting and in scores, in any unit; rows of weight 0 are left
        out.
    min_rows : int
        Fewest rows with a target.
    frozen : FrozenColumns or None
        Reads pictures, and the meaning of texts; None for neither.

    Raises
    ------
    UserError
        A column does not exist, the target cannot be learned, too few rows, no feature left, or a
        row without a time or a weight.
    """
    table = with_unique_names(table)
    if len(table) == 0:
        raise UserError("the table has no rows; give one with data")
    target = find_column(table, target, "target")
    steering = (
        (group_column, "group column"),
        (time_column, "time column"),
        (weight_column, "weight column"),
    )
    for name, what in steering:
        if name is not None and find_column(table, name, what) == target:
            raise UserError(f"the {what} {target!r} is the target; name another column")
    if target in {str(name) for name in exclude}:
        raise UserError(f"the target {target!r} cannot be excluded; take it off the excluded ones")
    present = target_present(table[target])
    weights = None
    if weight_column is not None:
        weights = read_row_weights(table[str(weight_column)])
        present = present & (weights > 0)
    n_lost = len(table) - int(present.sum())
    usable = None if frozen is None else frozen.usable(table)
    if usable is not None:
        present = present & usable
    rows = np.flatnonzero(present)
    if len(rows):
        require_rows(len(rows), min_rows)
    kept = table if present.all() else table.iloc[rows]
    labels = whole_labels(table[target])
    y = labels.iloc[rows] if len(rows) else labels
    problem = infer_problem(y, task)
    decimal = table.attrs.get(DECIMAL) or table_decimal(table)
    codes, classes = encode_target(y, problem, decimal)
    preparation, features = prepare(
        kept,
        target=target,
        exclude=exclude,
        group_column=group_column,
        time_column=time_column,
        weight_column=weight_column,
        given=NOTHING_GIVEN if frozen is None else frozen.planned(kept),
    )
    if frozen is not None:
        preparation, features = frozen.extended(kept, preparation, features)
    dataset = Dataset(
        X=features,
        y=codes,
        problem=problem,
        roles=preparation.roles,
        classes=classes,
        groups=None if group_column is None else read_groups(kept[str(group_column)]),
        times=None if time_column is None else read_times(kept[str(time_column)]),
        sample_weight=None if weights is None else weights[rows],
    )
    return AssembledDataset(
        dataset=dataset,
        preparation=preparation,
        rows=rows,
        rows_without_target=n_lost,
        notes=(
            *_notes(dataset, target, task, n_lost, len(table), weight_column),
            *preparation.notes,
            *_written_notes(target, y, problem, decimal),
        ),
    )


def group_codes(series: "pd.Series[Any]") -> NDArray[np.int64]:
    """Return group codes, shape (n_rows,); a row without a group is a group of its own."""
    cells = read_text_cells(series)
    codes = cells.codes.copy()
    alone = codes < 0
    codes[alone] = len(cells.values) + np.arange(int(alone.sum()))
    return codes


def read_groups(series: "pd.Series[Any]") -> NDArray[np.int64]:
    """Return group codes, shape (n_rows,); a row without a group is a group of its own.

    Raises
    ------
    UserError
        All rows are of one group.
    """
    codes = group_codes(series)
    if len(np.unique(codes)) < 2:
        raise UserError(
            f"the group column {series.name!r} has one value only, so rows cannot be split by it; "
            "name another column or leave it out"
        )
    return codes


def read_times(series: "pd.Series[Any]") -> NDArray[np.float64]:
    """Return sortable times, shape (n_rows,): seconds for dates, numbers as they are.

    Raises
    ------
    UserError
        The column holds neither dates nor numbers, has missing cells, or one value only.
    """
    name = series.name
    plan = plan_column(str(name), series) if series.notna().any() else None
    if plan is None or plan.role not in (ColumnRole.DATETIME, ColumnRole.NUMERIC):
        raise UserError(
            f"the time column {name!r} holds neither dates nor numbers; name another column or "
            "write its dates as 2024-01-31"
        )
    cells = plan.read(series)
    missing = int(pd.isna(cells).sum())
    if missing:
        raise UserError(
            f"the time column {name!r} is missing in {missing} row(s); fill or drop them"
        )
    times = cells.astype(np.int64) / 1e9 if plan.role is ColumnRole.DATETIME else cells
    if len(np.unique(times)) < 2:
        raise UserError(
            f"the time column {name!r} has one value only, so rows cannot be ordered by it; "
            "name another column or leave it out"
        )
    return np.asarray(times, dtype=np.float64)


def read_row_weights(series: "pd.Series[Any]") -> NDArray[np.float64]:
    """Return weights of mean 1, shape (n_rows,).

    Raises
    ------
    UserError
        A cell is missing or not a finite non-negative number, or no weight is above 0.
    """
    name = series.name
    try:
        weights = np.asarray(pd.to_numeric(series), dtype=np.float64)
    except (ValueError, TypeError):
        raise UserError(
            f"the weight column {name!r} does not hold numbers; name another column"
        ) from None
    missing = int(np.isnan(weights).sum())
    if missing:
        raise UserError(
            f"the weight column {name!r} is missing in {missing} row(s); fill or drop them"
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not (weights > 0).any():
        raise UserError(
            f"the weight column {name!r} must hold finite numbers of at least 0, some above it"
        )
    return mean_one(weights)


def _written_notes(
    target: str, y: "pd.Series[Any]", problem: ProblemKind, decimal: str | None
) -> tuple[str, ...]:
    """Return notes about a target of numbers in text: what had to be guessed."""
    if problem is not ProblemKind.REGRESSION or not holds_texts(y.dtype):
        return ()
    plan = plan_numbers(target, read_text_cells(y), decimal)
    return () if plan is None else plan.notes


def _notes(
    dataset: Dataset, target: str, task: str, n_lost: int, n_rows: int, weight_column: str | None
) -> tuple[str, ...]:
    """Return notes for the user about the target, one line each."""
    notes = []
    if n_lost:
        weightless = "" if weight_column is None else f", or no weight in {weight_column!r},"
        notes.append(
            f"{n_lost} of {n_rows} rows have no value of {target!r}{weightless} and were left out"
        )
    if dataset.classes is not None:
        kind = dataset.classes.dtype.kind
        if task == "auto" and kind in "iuf" and dataset.n_classes > 2:
            notes.append(
                f"{target!r} has {dataset.n_classes} distinct whole numbers and is taken as "
                "classes; use task regression if it is a quantity"
            )
        notes.extend(
            f"the classes {first!r} and {second!r} of {target!r} differ only by case or blanks"
            for first, second in similar_labels(list(dataset.classes))
        )
        counts = np.bincount(dataset.y, minlength=dataset.n_classes)
        alone = int((counts == 1).sum())
        if alone:
            notes.append(
                f"{alone} class(es) of {target!r} have one row only: they can be learned, "
                "not checked"
            )
    return tuple(notes)

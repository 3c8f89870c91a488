"""Decide how the columns of a training table are parsed, and which are dropped.

Only what needs no fitting in a fold is decided here: what each column holds, how it is read, and
which columns cannot help. `Preparation` is what was decided, for later tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data import dropped_columns as dropping
from espalier.pipelines.data.dropped_columns import DroppedColumn
from espalier.pipelines.data.parsing.column_names import find_column, with_unique_names
from espalier.pipelines.data.parsing.column_plans import plan_column
from espalier.pipelines.data.parsing.decimal_signs import DECIMAL, MARKED, NOTES, table_decimal
from espalier.pipelines.data.parsing.feature_table import frames_of, side_by_side
from espalier.pipelines.data.parsing.numbers import NumberStyle
from espalier.pipelines.data.parsing.plain_numbers import plan_plain_numbers
from espalier.pipelines.data.parsing.readings import ColumnPlan, NumberReading
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.preparation import PlannedCells, Preparation
from espalier.pipelines.errors import UserError

NOTHING_GIVEN: Mapping[str, PlannedCells] = MappingProxyType({})


def prepare(
    table: pd.DataFrame,
    *,
    target: str | None,
    exclude: Sequence[str] = (),
    group_column: str | None = None,
    time_column: str | None = None,
    weight_column: str | None = None,
    given: Mapping[str, PlannedCells] = NOTHING_GIVEN,
) -> tuple[Preparation, pd.DataFrame]:
    """Decide how to parse a table's columns and which to drop; return its prepared features too.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        The training rows.
    target : str or None
        The target column; it is no feature.
    exclude : sequence of str
        Columns to leave out.
    group_column, time_column, weight_column : str or None
        Columns that steer the splits or weigh the rows; only a time column of dates is a feature.
    given : mapping of str to PlannedCells
        Raw columns that are planned and read already, such as those of pictures.

    Returns
    -------
    preparation : Preparation
        What was decided.
    features : DataFrame
        The same rows, prepared.

    Raises
    ------
    UserError
        A named column does not exist, or no feature is left.
    """
    table = with_unique_names(table)
    dropped: dict[str, str] = {}
    for name in exclude:
        dropped[find_column(table, name, "excluded column")] = "excluded by the user"
    if group_column is not None:
        dropped[find_column(table, group_column, "group column")] = "it groups the splits"
    time = None if time_column is None else find_column(table, time_column, "time column")
    if weight_column is not None:
        dropped[find_column(table, weight_column, "weight column")] = "it weighs the rows"
    decimal = table.attrs.get(DECIMAL) or table_decimal(table)
    marked = table.attrs.get(MARKED, ())
    plain = plan_plain_numbers(table, {*dropped, *marked, *given, str(target), str(time)}, decimal)
    plans: dict[str, ColumnPlan] = {}
    cells: dict[str, NDArray[Any]] = {}
    identifiers: dict[str, str] = {}
    for name in table.columns:
        if name == target or name in dropped:
            continue
        if name in given:
            plans[name], cells[name] = given[name]
            if pd.isna(cells[name]).all():
                dropped[name] = "no cell has a usable value"
            continue
        if name in plain:
            plans[name], cells[name] = plain[name]
            continue
        series = table[name]
        if series.isna().all():
            dropped[name] = "every cell is missing"
            continue
        if pd.api.types.is_complex_dtype(series.dtype):
            dropped[name] = "complex numbers cannot be used"
            continue
        plan = plan_column(name, series, decimal, is_marked=name in marked)
        if name == time:
            if plan.role is not ColumnRole.DATETIME:
                dropped[name] = "it orders the splits"
                continue
            plan = replace(plan, role=ColumnRole.TIME)
        column = plan.read(series)
        reason = dropping.reason_to_drop(name, plan.role, column, series)
        if reason is not None and not reason.startswith(("identifier", "row number")):
            dropped[name] = reason
            continue
        plans[name], cells[name] = plan, column
        if reason is not None:
            identifiers[name] = reason
    # If all that is left are identifiers, keep them: the target may follow their order.
    if len(identifiers) < len(plans):
        dropped.update(identifiers)
    kept = [name for name in plans if name not in dropped]
    kept.sort(key=lambda name: name != time)  # of its copies, the time column is the one to keep
    for name, original in dropping.copies(
        {name: cells[name] for name in kept},
        {name: plan.role for name, plan in plans.items()},
    ).items():
        dropped[name] = f"says the same as {original!r}"
    kept = [name for name in plans if name not in dropped]
    if not kept:
        raise UserError(dropping.nothing_left(dropped))
    order = [name for name in table.columns if name in dropped]
    preparation = Preparation(
        plans=tuple(plans[name] for name in kept),
        dropped=tuple(DroppedColumn(name, dropped[name]) for name in order),
        notes=(
            *table.attrs.get(NOTES, ()),
            *(note for name in kept for note in plans[name].notes),
        ),
        target_style=_target_style(table, target, decimal),
    )
    frames = frames_of({name: cells[name] for name in kept}, preparation.roles, len(table))
    return preparation, side_by_side(frames, kept)


def _target_style(
    table: pd.DataFrame, target: str | None, decimal: str | None
) -> NumberStyle | None:
    """Return how the numbers of the target are written; None if it holds none."""
    if target not in table.columns or table[target].isna().all():
        return None
    is_marked = target in table.attrs.get(MARKED, ())
    reading = plan_column(str(target), table[target], decimal, is_marked=is_marked).reading
    return reading.style if isinstance(reading, NumberReading) else None

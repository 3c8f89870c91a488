"""What a page says of a table: its first rows, and what was inferred of each column and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from espalier.flows.studio.tables.bars import Bar, bars_of, short
from espalier.flows.studio.tables.reading import SeenTable
from espalier.flows.studio.tables.roles import role_reason, role_word
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.errors import UserError

PREVIEW_ROWS = 10
_EXAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnView:
    """One column, as a page shows it.

    Attributes
    ----------
    name : str
        Its name.
    role : str
        What it holds, in a word; ``left out`` if it would not be used.
    reason : str
        Why.
    is_used : bool
        Whether a training would use it.
    missing : float
        Share of rows without a value.
    n_values : int
        Number of different values.
    examples : tuple of str
        A few of its cells.
    bars : tuple of Bar
        Its histogram; empty for texts.
    """

    name: str
    role: str
    reason: str
    is_used: bool
    missing: float
    n_values: int
    examples: tuple[str, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableView:
    """A table, as a page shows it.

    Attributes
    ----------
    n_rows : int
        Number of rows that were looked at.
    is_whole : bool
        Whether these are all.
    columns : tuple of ColumnView
        Its columns, in order.
    preview : tuple of tuple of str
        Cells of the first rows; an empty text for a missing cell.
    notes : tuple of str
        What else was noticed.
    problem : str
        Why no training can begin with it; empty if nothing stands against one.
    """

    n_rows: int
    is_whole: bool
    columns: tuple[ColumnView, ...]
    preview: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    problem: str = ""


def view_table(seen: SeenTable) -> TableView:
    """Return what a page says of a table whose target is not known yet."""
    rows, preparation, problem = seen.rows, None, ""
    try:
        preparation, _ = prepare(rows, target=None)
    except UserError as error:
        problem = str(error)
    return TableView(
        n_rows=len(rows),
        is_whole=seen.is_whole,
        columns=view_columns(rows, preparation),
        preview=preview_of(rows),
        notes=() if preparation is None else preparation.notes,
        problem=problem,
    )


def view_columns(
    rows: pd.DataFrame, preparation: Preparation | None, target: str | None = None
) -> tuple[ColumnView, ...]:
    """Return the views of all columns but the target.

    Parameters
    ----------
    rows : DataFrame
        The raw rows, with unique text names.
    preparation : Preparation or None
        What was decided; None where nothing could be.
    target : str or None
        The target column, which has no view.
    """
    plans = {} if preparation is None else {plan.name: plan for plan in preparation.plans}
    dropped = (
        {} if preparation is None else {each.name: each.reason for each in preparation.dropped}
    )
    found = []
    for name in rows.columns:
        if name == target:
            continue
        series = rows[name]
        plan = plans.get(name)
        found.append(
            ColumnView(
                name=name,
                role="left out" if plan is None else role_word(plan.role),
                reason=dropped.get(name, "") if plan is None else role_reason(plan, series),
                is_used=plan is not None,
                missing=float(series.isna().mean()),
                n_values=number_of_values(series),
                examples=_examples(series),
                bars=bars_of(series),
            )
        )
    return tuple(found)


def preview_of(rows: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    """Return the cells of the first rows as texts."""
    head = rows.head(PREVIEW_ROWS)
    return tuple(
        tuple(cell_text(cell) for cell in row) for row in head.itertuples(index=False, name=None)
    )


def cell_text(cell: Any) -> str:
    """Return a cell as a page shows it; empty for a missing one."""
    try:
        if pd.isna(cell):
            return ""
    except (TypeError, ValueError):  # a list or an array
        pass
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return short(str(cell))


def number_of_values(series: "pd.Series[Any]") -> int:
    """Return the number of different values, of cells of any kind."""
    try:
        return int(series.nunique())
    except TypeError:  # lists have no hash
        return int(series.astype(str).nunique())


def _examples(series: "pd.Series[Any]") -> tuple[str, ...]:
    cells: Sequence[Any] = series.dropna().head(200).tolist()
    return tuple(dict.fromkeys(cell_text(cell) for cell in cells))[:_EXAMPLES]

"""What the columns of a model take, and a typical cell of each."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from espalier.infra.web.answering.json_values import EXACT, json_value
from espalier.infra.web.answering.messages import ColumnKind, ServedColumn
from espalier.pipelines.data.parsing.readings import (
    ColumnPlan,
    DateReading,
    DurationReading,
    NumberReading,
)
from espalier.pipelines.data.parsing.text_cells import read_text_cells

FILE: ColumnKind = "file"
SMALL_PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAA"
    "EElEQVR42mNcwAABTAwUMQAu6ACwwnyb7QAAAABJRU5ErkJggg=="
)
"""A grey square of eight pixels: a picture that is nobody's."""


def kind_of(plan: ColumnPlan) -> ColumnKind:
    """Return which kind of cells a column takes."""
    if isinstance(plan.reading, NumberReading):
        return "number"
    if isinstance(plan.reading, DurationReading):
        return "duration"
    if isinstance(plan.reading, DateReading):
        return "date"
    # Readings of files, such as pictures, can take a file's content along.
    return FILE if hasattr(plan.reading, "carry") else "text"


def served_columns(
    plans: Iterable[ColumnPlan], example: pd.DataFrame | None
) -> tuple[ServedColumn, ...]:
    """Return the columns of a model, each with a typical cell of its example rows."""
    return tuple(
        ServedColumn(
            name=plan.name,
            kind=kind_of(plan),
            example=_example(plan, example),
        )
        for plan in plans
    )


def _example(plan: ColumnPlan, rows: pd.DataFrame | None) -> Any:
    if kind_of(plan) == FILE:
        return SMALL_PICTURE
    return None if rows is None else _typical(rows[plan.name], plan)


def _typical(cells: "pd.Series[Any]", plan: ColumnPlan) -> Any:
    """Return a cell that stands for the others: the middle number or date, the commonest word."""
    present = cells[cells.notna()]
    if present.empty:
        return None
    if kind_of(plan) == "text":
        commonest = read_text_cells(present)
        if not commonest.n_present:
            return None
        return json_value(commonest.values[int(commonest.counts.argmax())])
    read = plan.read(present.reset_index(drop=True))
    known = np.flatnonzero(~pd.isna(read))
    if not known.size:
        return None
    middle = known[np.argsort(read[known], kind="stable")[len(known) // 2]]
    cell = json_value(present.iloc[int(middle)])
    if kind_of(plan) != "number" or isinstance(cell, (bool, int, float)):
        return cell
    number = float(read[middle])  # written as text, maybe with a unit
    return int(number) if number.is_integer() and abs(number) < EXACT else number

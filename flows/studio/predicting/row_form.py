"""A form for one row, made from the columns that a model needs, and the row that is filled in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from espalier.flows.studio.predicting.opened import OpenedForRows
from espalier.pipelines.data.parsing.readings import (
    ColumnPlan,
    DateReading,
    DurationReading,
    NumberReading,
)
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.errors import UserError
from espalier.pipelines.images.decoding import MOST_BYTES, PictureError, open_upright
from espalier.pipelines.images.reading import ImageReading

MOST_CHOICES = 60
PICTURE = "picture"
_LONGEST_TEXT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RowField:
    """One field of the form.

    Attributes
    ----------
    key : str
        Its name in the form, which has nothing of the column's name.
    column : str
        The column.
    kind : str
        ``number``, ``date``, ``choice``, ``text`` or ``picture``.
    value : str
        What it holds at first: a usual value.
    choices : tuple of str
        For a choice: the values that were seen, the most frequent first.
    hint : str
        What is usual.
    """

    key: str
    column: str
    kind: str
    value: str
    choices: tuple[str, ...] = ()
    hint: str = ""


def fields_of(opened: OpenedForRows) -> tuple[RowField, ...]:
    """Return the fields of the form for a model, in the order of its columns."""
    return tuple(
        _field(f"f{at}", plan, opened.rows[plan.name])
        for at, plan in enumerate(opened.model.preparation.plans)
    )


def filled_row(fields: Sequence[RowField], given: Mapping[str, Any]) -> pd.DataFrame:
    """Return the row that was filled in, shape (1, n_columns); an empty field is a missing cell.

    Parameters
    ----------
    fields : sequence of RowField
        The fields.
    given : mapping
        The form, by the fields' keys; a field that is not there is empty.

    Raises
    ------
    UserError
        A field does not hold what its column needs; the message names it.
    """
    return pd.DataFrame({each.column: [_given(each, given)] for each in fields})


def shown_values(fields: Sequence[RowField], given: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of a form by column, for the answer's page."""
    return {
        each.column: str(given.get(each.key, "")).strip() for each in fields if each.kind != PICTURE
    }


def has_pictures(fields: Sequence[RowField]) -> bool:
    """Whether a form asks for a picture."""
    return any(each.kind == PICTURE for each in fields)


def _field(key: str, plan: ColumnPlan, rows: "pd.Series[Any]") -> RowField:
    if isinstance(plan.reading, ImageReading):
        return RowField(key=key, column=plan.name, kind=PICTURE, value="")
    cells = rows.dropna()
    if isinstance(plan.reading, NumberReading) and not _is_boolean(cells):
        return _number_field(key, plan, plan.read(rows))
    if isinstance(plan.reading, DateReading):
        dates = pd.Series(plan.read(rows)).dropna().sort_values()
        value = "" if dates.empty else str(dates.iloc[len(dates) // 2])[:10]
        hint = "" if dates.empty else f"{str(dates.iloc[0])[:10]} to {str(dates.iloc[-1])[:10]}"
        return RowField(key=key, column=plan.name, kind="date", value=value, hint=hint)
    if isinstance(plan.reading, DurationReading):
        value = "" if cells.empty else str(cells.iloc[0])
        return RowField(key=key, column=plan.name, kind="text", value=value, hint="like 1:30:00")
    counts = cells.astype(str).value_counts()
    if plan.role is ColumnRole.TEXT or len(counts) > MOST_CHOICES:
        value = "" if cells.empty else str(cells.iloc[0])
        return RowField(key=key, column=plan.name, kind="text", value=value)
    choices = tuple(str(each) for each in counts.index)
    first = choices[0] if choices else ""
    return RowField(key=key, column=plan.name, kind="choice", value=first, choices=choices)


def _number_field(key: str, plan: ColumnPlan, values: "np.typing.NDArray[np.float64]") -> RowField:
    values = values[np.isfinite(values)]
    if not len(values):
        return RowField(key=key, column=plan.name, kind="number", value="")
    low, middle, high = np.quantile(values, [0.0, 0.5, 1.0], method="nearest")
    return RowField(
        key=key,
        column=plan.name,
        kind="number",
        value=f"{middle:.10g}",
        hint=f"{low:.6g} to {high:.6g}",
    )


def _is_boolean(cells: "pd.Series[Any]") -> bool:
    return bool(len(cells)) and pd.api.types.infer_dtype(cells, skipna=True) == "boolean"


def _given(field: RowField, given: Mapping[str, Any]) -> Any:
    """Return the cell of a field as the form has it: a picture as the bytes of its file."""
    found = given.get(field.key, "")
    if field.kind != PICTURE:
        return _cell(field, str(found))
    content = found.file.read(MOST_BYTES + 1) if hasattr(found, "file") else b""
    if not content:
        return None
    try:
        open_upright(content, least=64)
    except PictureError as error:
        raise UserError(f"{field.column!r}: {found.filename!r} cannot be used: {error}") from None
    return content


def _cell(field: RowField, text: str) -> Any:
    """Return the cell that a text stands for."""
    text = text.strip()[:_LONGEST_TEXT]
    if not text:
        return np.nan if field.kind == "number" else None
    if field.kind == "number":
        try:
            number = float(text.replace(",", ".") if "." not in text else text)
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            raise UserError(f"{field.column!r} needs a number, not {text[:40]!r}")
        return number
    if field.kind == "date":
        try:
            return pd.Timestamp(text).to_datetime64()
        except (ValueError, OverflowError):
            raise UserError(
                f"{field.column!r} needs a date such as 2026-01-31, not {text[:40]!r}"
            ) from None
    if field.kind == "choice" and set(field.choices) <= {"True", "False"}:
        return text == "True"
    return text

"""Read the cells of a request as the columns of a model, or say which cell is wrong.

Every cell is read by the model's own `Reading` of its column, so a number with a unit, a date in
the format of the training table or a clock time mean here what they meant there. Where a table's
unreadable cells count as missing, a request's are refused: whoever sent it can mend it.

Numbers, dates and durations come out with the dtype that the reading gives them. Reading them once
more changes nothing, so the model takes them as they are, and the rows of several requests can be
put together without one changing how another is read.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.infra.web.answering.json_values import EXACT, json_value
from espalier.infra.web.answering.raw_rows import RawRows, require_columns, unused_columns
from espalier.infra.web.answering.refusals import RefusedError, shown
from espalier.infra.web.answering.served_columns import FILE, kind_of
from espalier.pipelines.data.parsing.dates import ISO
from espalier.pipelines.data.parsing.numbers import is_absent
from espalier.pipelines.data.parsing.readings import (
    ColumnPlan,
    NumberReading,
    WordReading,
    is_number,
)
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.errors import UserError

Column = NDArray[Any]
_ADVICE = "; give null where a value is not known"
_PLAIN_NUMBERS = frozenset({int, float, bool, type(None)})
_WORDS = frozenset({str, type(None)})
# Years that nanoseconds can hold, so that nothing overflows.
_PLAIN_DATE = re.compile(
    r"(?:1[7-9]|20|21)\d\d-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?"
)
_LONG = range(-(2**63), 2**63)
_KIND_WORDS = {"number": "a number", "duration": "a duration", "date": "a date"}


@dataclass(frozen=True, slots=True, eq=False)
class TypedColumns:
    """Rows as a model needs them.

    Attributes
    ----------
    columns : mapping of str to array, each of shape (n_rows,)
        Exactly the model's columns.
    n_rows : int
        Number of rows.
    warnings : tuple of str
        What of the request was not used.
    """

    columns: Mapping[str, Column]
    n_rows: int
    warnings: tuple[str, ...] = ()

    @property
    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        return pd.DataFrame(dict(self.columns), index=pd.RangeIndex(self.n_rows))

    @staticmethod
    def joined(parts: Sequence["TypedColumns"]) -> "TypedColumns":
        """Return the rows of several requests one after the other."""
        parts = [part for part in parts if part.n_rows] or parts[:1]
        if len(parts) == 1:
            return parts[0]
        names = parts[0].columns
        columns = {name: np.concatenate([each.columns[name] for each in parts]) for name in names}
        return TypedColumns(columns, sum(each.n_rows for each in parts))


def typed_columns(
    rows: RawRows, plans: Sequence[ColumnPlan], *, also_known: Collection[str] = ()
) -> TypedColumns:
    """Read the rows of a request.

    Parameters
    ----------
    rows : RawRows
        The rows as they came.
    plans : sequence of ColumnPlan
        How the model reads its columns.
    also_known : collection of str
        Further columns that nobody need be told are not used.

    Raises
    ------
    RefusedError
        Columns are missing (all are named), or a cell cannot be read as its column's kind.
    """
    if not rows.n_rows:
        return TypedColumns({}, 0)
    require_columns(rows, [plan.name for plan in plans], advice=_ADVICE)
    columns = {plan.name: _column(rows.columns[plan.name], plan) for plan in plans}
    unused = unused_columns(rows, columns.keys() | set(also_known))
    return TypedColumns(columns, rows.n_rows, unused)


def _column(given: "list[Any] | pd.Series[Any]", plan: ColumnPlan) -> Column:
    """Return one column in the dtype that its reading gives it."""
    kind = kind_of(plan)
    if kind == FILE:
        return _contents(given, plan.name)
    if isinstance(given, list):
        kinds = set(map(type, given))
        if kind == "number" and kinds <= _PLAIN_NUMBERS:
            return _plain_numbers(given, plan.name)
        if kind == "text" and kinds <= _WORDS:
            return _objects(given)
        if kind == "date" and kinds <= _WORDS and (dates := _plain_dates(given, plan)) is not None:
            return dates
        _require_scalars(given, plan.name)
        given = pd.Series(_cells(given), name=plan.name)
    try:
        read = read_once(given, plan)
    except UserError as error:
        raise RefusedError(str(error), column=plan.name) from None
    if kind != "text":
        _require_read(given, read, plan)
    return read


def read_once(given: "pd.Series[Any]", plan: ColumnPlan) -> Column:
    """Return a column as its reading has it, where reading that once more changes nothing.

    Other readings, such as those that make vectors of texts, are left to the model.
    """
    if kind_of(plan) in ("text", FILE) and not isinstance(plan.reading, WordReading):
        return given.to_numpy(dtype=object)
    return plan.read(given.reset_index(drop=True))


def _contents(given: "list[Any] | pd.Series[Any]", name: str) -> Column:
    """Return the contents of files; a path would be one of the server's own files.

    Raises
    ------
    RefusedError
        A cell is neither a data URI nor bytes.
    """
    cells = given if isinstance(given, list) else given.to_numpy(dtype=object).tolist()
    for at, cell in enumerate(cells):
        if isinstance(cell, bytes) or cell is None or cell is pd.NA:
            continue
        if isinstance(cell, float) and np.isnan(cell):
            continue
        if not (isinstance(cell, str) and cell.startswith("data:")):
            raise RefusedError(
                f"column {name!r}, row {at}: send the file's content as a data URI "
                f"(data:image/png;base64,...), not {shown(cell)}",
                column=name,
                row=at,
            )
    return _objects(cells)


def _plain_numbers(cells: list[Any], name: str) -> Column:
    """Return JSON numbers, truth values and nulls as float64."""
    try:
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    except OverflowError:
        at = next(
            at for at, cell in enumerate(cells) if isinstance(cell, int) and abs(cell) > 1e308
        )
        raise RefusedError(
            f"column {name!r}, row {at}: {shown(cells[at])} is too large for a number",
            column=name,
            row=at,
        ) from None


def _plain_dates(cells: list[Any], plan: ColumnPlan) -> Column | None:
    """Return dates in ISO 8601 without a zone as datetime64[ns]; None where one is not like that.

    It is what the reading would give, in a hundredth of the time.
    """
    pattern = getattr(plan.reading, "pattern", None)
    if pattern is not None and pattern != ISO and not pattern.startswith("%Y-%m-%d"):
        return None
    if not all(cell is None or _PLAIN_DATE.fullmatch(cell) for cell in cells):
        return None
    try:
        return np.array(["NaT" if cell is None else cell for cell in cells], dtype="datetime64[ns]")
    except ValueError:  # no such day
        return None


def _require_scalars(cells: list[Any], name: str) -> None:
    for at, cell in enumerate(cells):
        if isinstance(cell, (list, dict)):
            raise RefusedError(
                f"column {name!r}, row {at}: a single value is expected, not {shown(cell)}",
                column=name,
                row=at,
            )


def _cells(cells: list[Any]) -> Column:
    """Return cells as numbers where all of them are, so that a code 7 may be the category "007".

    Whole numbers that a float would round stay as they are.
    """
    if not all(isinstance(cell, (int, float)) for cell in cells if cell is not None):
        return _objects(cells)
    whole = [cell for cell in cells if isinstance(cell, int)]
    if None not in cells and len(whole) == len(cells) and all(cell in _LONG for cell in whole):
        return np.array(cells)
    if all(-EXACT <= cell <= EXACT for cell in whole) and len(cells) > cells.count(None):
        return np.array([np.nan if cell is None else cell for cell in cells], dtype=np.float64)
    return _objects(cells)


def _objects(cells: list[Any]) -> Column:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


def _require_read(given: "pd.Series[Any]", read: Column, plan: ColumnPlan) -> None:
    """Refuse cells that hold something and were read as nothing.

    Raises
    ------
    RefusedError
        There is one; the message names column and row, and shows the cell.
    """
    lost = np.flatnonzero(pd.isna(read) & given.notna().to_numpy())
    if not lost.size or (isinstance(plan.reading, NumberReading) and plan.reading.is_lenient):
        return
    cells = given.iloc[lost]
    if is_number(given.dtype) and kind_of(plan) != "date":  # infinite, or missing by another name
        return
    texts = read_text_cells(cells.reset_index(drop=True))
    for place, code in enumerate(texts.codes):
        if code < 0 or is_absent(texts.values[code]):
            continue
        at = int(lost[place])
        raise RefusedError(
            f"column {plan.name!r}, row {at}: {shown(json_value(cells.iloc[place]))} cannot be "
            f"read as {_KIND_WORDS[kind_of(plan)]}",
            column=plan.name,
            row=at,
        )

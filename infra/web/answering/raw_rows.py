"""Rows as a request has them: cells by column, not yet read as what the model needs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from espalier.infra.web.answering.refusals import TOO_LARGE, RefusedError
from espalier.pipelines.data.parsing.column_names import named_list


@dataclass(frozen=True, slots=True, eq=False)
class RawRows:
    """The rows of one request.

    Attributes
    ----------
    columns : mapping of str to list or Series
        Cells of JSON as lists, those of files as Series; all of the same length.
    n_rows : int
        Number of rows.
    gaps : mapping of str to int
        By column that some rows lack: the first row that does.
    """

    columns: Mapping[str, "list[Any] | pd.Series[Any]"]
    n_rows: int
    gaps: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of_records(cls, records: Sequence[Mapping[str, Any]]) -> "RawRows":
        """Return rows given one by one, each as a mapping of column to cell."""
        first = records[0] if records else {}
        gaps: dict[str, int] = {}
        names: Iterable[str] = first
        if any(record.keys() != first.keys() for record in records):
            names = dict.fromkeys(name for record in records for name in record)
            for name in names:
                at = next((at for at, record in enumerate(records) if name not in record), None)
                if at is not None:
                    gaps[name] = at
        columns = {name: [record.get(name) for record in records] for name in names}
        return cls(columns, len(records), gaps)

    @classmethod
    def of_table(cls, table: pd.DataFrame) -> "RawRows":
        """Return the rows of a file."""
        return cls({str(name): table[name] for name in table.columns}, len(table))


def require_few(n_rows: int, most: int) -> None:
    """Refuse more rows than are answered in one request.

    Raises
    ------
    RefusedError
        There are more.
    """
    if n_rows > most:
        raise RefusedError(
            f"{n_rows:,} rows are too many for one request; send at most {most:,} at a time",
            status=TOO_LARGE,
        )


def require_columns(rows: RawRows, names: Sequence[str], *, advice: str = "") -> None:
    """Refuse rows that lack a column.

    Parameters
    ----------
    rows : RawRows
        The rows.
    names : sequence of str
        Columns that every row must have.
    advice : str
        What to do instead, behind what is wrong.

    Raises
    ------
    RefusedError
        One is missing, of all rows or of one.
    """
    missing = [name for name in names if name not in rows.columns]
    if missing:
        raise RefusedError(
            f"the rows lack {len(missing)} column(s) of the model: {named_list(missing)}{advice}",
            column=missing[0],
        )
    for name in names:
        if name in rows.gaps:
            at = rows.gaps[name]
            raise RefusedError(f"row {at} lacks column {name!r}{advice}", column=name, row=at)


def unused_columns(rows: RawRows, known: Collection[str]) -> tuple[str, ...]:
    """Return a warning about columns besides those that are known; none without any."""
    unused = [name for name in rows.columns if name not in known]
    if not unused:
        return ()
    return (f"the model does not use {len(unused)} column(s) of these rows: {named_list(unused)}",)

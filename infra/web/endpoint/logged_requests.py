"""Read the request log back as a table of rows, with labels that have arrived since."""

import datetime
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic_core import from_json

from espalier.infra.web.endpoint.request_log import ENDING
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.errors import UserError

_LOG = logging.getLogger(__name__)

REQUEST, ROW = "request", "row"
"""Columns of a table of labels that say which row of which request a label is for."""
MOST_ROWS = 200_000
"""Latest rows that are read."""


@dataclass(frozen=True, slots=True, eq=False)
class LoggedRows:
    """Rows of the request log, the latest last.

    Attributes
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        The cells as they were sent; columns that were redacted are not there.
    where : DataFrame, shape (n_rows, 2)
        Request and row that each is of.
    """

    table: pd.DataFrame
    where: pd.DataFrame


def read_requests(
    folder: Path, *, since: datetime.datetime | None = None, most_rows: int = MOST_ROWS
) -> LoggedRows:
    """Return the latest rows of a request log.

    Parameters
    ----------
    folder : Path
        The log.
    since : datetime or None
        Time of the earliest row to return, with a time zone; None for all.
    most_rows : int
        Number of rows to return at most.

    Raises
    ------
    UserError
        There are no such rows.
    """
    earliest = "" if since is None else since.astimezone(datetime.UTC).isoformat()
    lines: list[dict[str, Any]] = []
    for path in sorted(folder.glob(f"*{ENDING}"), reverse=True):
        found = [line for line in _lines(path) if line["at"] >= earliest]
        lines = found[-(most_rows - len(lines)) :] + lines
        if len(lines) >= most_rows:
            break
    if not lines:
        when = "" if since is None else f" since {since:%Y-%m-%d %H:%M}"
        raise UserError(
            f"no request is logged in {str(folder)!r}{when}; serve the model with espalier "
            "endpoint, without --log-sample 0"
        )
    where = pd.DataFrame({REQUEST: [line["request"] for line in lines]})
    where[ROW] = [line["row"] for line in lines]
    return LoggedRows(pd.DataFrame.from_records([line["values"] for line in lines]), where)


def with_labels(rows: LoggedRows, labels: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return logged rows with their labels; the target is missing where there is none yet.

    Parameters
    ----------
    rows : LoggedRows
        The rows.
    labels : DataFrame
        A row a label: the target column, and what says whose it is. That is ``request`` and
        ``row``, or ``request`` alone where every request had one row, or else the columns that it
        shares with the logged rows, such as the one of ``--log-id``.
    target : str
        The target column.

    Raises
    ------
    UserError
        The labels lack the target, or nothing says whose they are, or two are for the same row.
    """
    labels = with_unique_names(labels)
    if target not in labels.columns:
        raise UserError(
            f"the labels have no column {target!r}, which the model predicts; add it, or rename "
            "the column that holds it"
        )
    if REQUEST in labels.columns and REQUEST not in rows.table.columns:
        sides = rows.where
        keys = [REQUEST, ROW] if ROW in labels.columns else [REQUEST]
        if len(keys) == 1 and bool((rows.where[ROW] > 0).any()):
            raise UserError(
                "some requests had several rows; give the labels a column 'row' too, counted from 0"
            )
    else:
        sides = rows.table
        keys = [name for name in labels.columns if name in sides.columns and name != target]
    if not keys:
        raise UserError(
            "nothing in the labels says whose they are; give them the columns 'request' and 'row', "
            "or the column that espalier endpoint logs with --log-id"
        )
    known = _keys(labels, keys)
    if known.duplicated().any():
        twice = ", ".join(known[known.duplicated()].iloc[0])
        raise UserError(f"there are two labels for the same row ({', '.join(keys)}: {twice})")
    label_of = dict(zip(known, labels[target], strict=True))
    found = [label_of.get(key) for key in _keys(sides, keys)]
    return rows.table.assign(**{target: pd.Series(found, index=rows.table.index)})


def _keys(table: pd.DataFrame, names: list[str]) -> "pd.Series[Any]":
    """Return the cells of some columns as tuples of text, so that 7 and "7" are the same key."""
    cells = [read_text_cells(table[name].reset_index(drop=True)).to_objects() for name in names]
    return pd.Series(list(zip(*(map(str, each) for each in cells), strict=True)), dtype=object)


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file; one that was not written to its end is left out."""
    lines = []
    n_broken = 0
    with path.open("rb") as file:
        for text in file:
            try:
                line = from_json(text)
                lines.append({name: line[name] for name in ("at", REQUEST, ROW, "values")})
            except (ValueError, KeyError, TypeError):
                n_broken += 1
    if n_broken:
        _LOG.warning("%s: %d lines cannot be read and are left out", path.name, n_broken)
    return lines

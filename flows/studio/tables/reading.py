"""Read the tables of the studio for display, no more of them than that needs."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

import pandas as pd

from espalier.flows.studio.tables.entries import TableEntry
from espalier.infra.access.origin import asked_by
from espalier.infra.tables.chunks import ChunkPlan, read_chunks
from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.errors import UserError

MOST_ROWS = 50_000
"""Rows that are looked at; a training looks at all of them."""
_WHOLE_BYTES = 30_000_000
_KEPT_TABLES = 4


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class SeenTable:
    """A table as far as it was read.

    Attributes
    ----------
    rows : DataFrame
        At most `MOST_ROWS` rows, with unique text names.
    is_whole : bool
        Whether these are all of its rows.
    """

    rows: pd.DataFrame
    is_whole: bool


def read_for_display(entry: TableEntry) -> SeenTable:
    """Read the first rows of a table; a small file is read as a training reads it.

    Raises
    ------
    UserError
        It cannot be read, or has no rows.
    """
    with asked_by(entry.origin):
        if entry.is_upload and entry.n_bytes <= _WHOLE_BYTES:
            table = read_table(entry.source)
            rows = with_unique_names(table)
            whole = len(rows) <= MOST_ROWS
            return SeenTable(rows if whole else rows.head(MOST_ROWS), whole)
        parts: list[pd.DataFrame] = []
        n_rows = 0
        plan = ChunkPlan(cells=1_000_000)
        for part in read_chunks(entry.source, query=entry.query, plan=plan):
            parts.append(part)
            n_rows += len(part)
            if n_rows > MOST_ROWS:
                break
    if not parts:
        raise UserError(f"{entry.name!r} is empty: it has no rows; give a table with data")
    rows = with_unique_names(pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0])
    return SeenTable(rows.head(MOST_ROWS), n_rows <= MOST_ROWS)


@dataclass(slots=True)
class TableReader:
    """Reads tables for display, and keeps the last few in memory."""

    _kept: OrderedDict[str, SeenTable] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, entry: TableEntry) -> SeenTable:
        """Return the first rows of a table; see `read_for_display`."""
        with self._lock:
            if entry.id in self._kept:
                self._kept.move_to_end(entry.id)
                return self._kept[entry.id]
        seen = read_for_display(entry)
        with self._lock:
            self._kept[entry.id] = seen
            while len(self._kept) > _KEPT_TABLES:
                self._kept.popitem(last=False)
        return seen

    def forget(self, key: str) -> None:
        """Keep a table no longer."""
        with self._lock:
            self._kept.pop(key, None)

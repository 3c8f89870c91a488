"""Read a sheet of a workbook (Excel's formats, and ODS) as a table.

Formulas are not computed: a cell holds what the program that saved the file had last computed.
Nothing of a workbook is executed, macros least of all.
"""

import datetime
import io
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import pandas as pd

from espalier.infra.tables.workbooks.names import split_sheet, with_sheet
from espalier.pipelines.errors import UserError
from espalier.pipelines.frozen.network import need_package
from espalier.pipelines.redaction import redact_source

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

EXTRA = "excel"
"""What brings the package that reads workbooks: ``pip install 'espalier[excel]'``."""
_PACKAGE = "python_calamine"
_UNPACKED_BYTES = 2 << 30
_MOST_NAMED = 12
_LOOKED_AT = 50
"""Rows among which the header is looked for."""
_EMPTY = ("", None)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A visible sheet that has cells.

    Attributes
    ----------
    name : str
        Its name.
    n_rows : int
        Number of its rows, the header included.
    """

    name: str
    n_rows: int


def sheets_of(source: str, content: bytes) -> tuple[Sheet, ...]:
    """Return the visible sheets of a workbook that have cells, in its order.

    Parameters
    ----------
    source : str
        What it is called, with or without a sheet.
    content : bytes
        The file.

    Raises
    ------
    UserError
        It cannot be read, or the package for it is missing.
    """
    with _opened(source, content) as book:
        return tuple(Sheet(each.name, each.height) for each in _sheets(book))


def read_workbook(source: str, content: bytes) -> pd.DataFrame:
    """Return a sheet of a workbook as a table.

    The header is the first row in which at least half of the columns are filled: titles above a
    table are left out, and so are empty rows and columns. Whole numbers are int64; dates are
    datetime64; errors such as #N/A are missing.

    Parameters
    ----------
    source : str
        What it is called, with the sheet behind a ``#`` where the workbook has several.
    content : bytes
        The file.

    Raises
    ------
    UserError
        It cannot be read, has no such sheet, or has several and none is named.
    """
    with _opened(source, content) as book:
        rows: list[list[Any]] = _chosen(book, source).to_python(skip_empty_area=True)
    return _as_table(rows)


def _chosen(book: "CalamineWorkbook", source: str) -> "CalamineSheet":
    """Return the sheet that a source means."""
    path, wanted = split_sheet(source)
    shown = redact_source(path)
    if wanted is not None:
        if wanted not in book.sheet_names:
            raise UserError(f"{shown!r} has no sheet {wanted!r}; it has {_listed(book)}")
        return book.get_sheet_by_name(wanted)
    found = _sheets(book)
    if not found:
        raise UserError(f"{shown!r} is empty: no sheet of it has cells; give a table with data")
    if len(found) > 1:
        largest = max(found, key=lambda each: each.height)
        example = with_sheet(path.rpartition("/")[2], largest.name)
        raise UserError(
            f"{shown!r} has {len(found)} sheets ({_listed(book)}); name one behind a #, such as "
            f"{example!r}"
        )
    return found[0]


def _listed(book: "CalamineWorkbook") -> str:
    names = [each.name for each in _sheets(book)] or book.sheet_names
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(map(repr, names[:_MOST_NAMED])) + more


def _sheets(book: "CalamineWorkbook") -> "list[CalamineSheet]":
    """Return the visible sheets that have cells: all are read, which is what takes time."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    names = [
        each.name
        for each in book.sheets_metadata
        if each.typ == SheetTypeEnum.WorkSheet and each.visible == SheetVisibleEnum.Visible
    ]
    return [each for each in map(book.get_sheet_by_name, names) if each.height]


@contextmanager
def _opened(source: str, content: bytes) -> "Iterator[CalamineWorkbook]":
    """Open a workbook, as a context manager.

    Raises
    ------
    UserError
        The package is missing, or it is no workbook, protected by a password, or too large.
    """
    path, _ = split_sheet(source)
    shown = redact_source(path)
    need_package(_PACKAGE, EXTRA, f"the workbook {shown!r}")
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    file = io.BytesIO(content)
    _refuse_bomb(file, shown)
    try:
        book = CalamineWorkbook.from_filelike(file)
    except PasswordError:
        raise UserError(f"{shown!r} is protected by a password; save it without one") from None
    except (CalamineError, OSError, ValueError) as error:
        said = " ".join(str(error).split())[:100]
        raise UserError(f"{shown!r} cannot be read as a workbook: {said}") from None
    try:
        yield book
    finally:
        book.close()


def _refuse_bomb(content: IO[bytes], shown: str) -> None:
    """Refuse a small file that says itself that it unpacks to an enormous one."""
    try:
        with zipfile.ZipFile(content) as archive:
            n_bytes = sum(each.file_size for each in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError):
        n_bytes = 0  # the old format, or no workbook at all
    if n_bytes > _UNPACKED_BYTES:
        raise UserError(
            f"{shown!r} unpacks to {n_bytes:,} bytes, which is too much for a workbook; save the "
            "sheet as CSV or Parquet"
        )
    content.seek(0)


def _as_table(rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    filled = [row for row in rows if any(cell not in _EMPTY for cell in row)]
    if not filled:
        return pd.DataFrame()
    start = _header(filled)
    header, body = filled[start], filled[start + 1 :]
    columns = []
    for at, title in enumerate(header):
        cells = [row[at] for row in body]
        if title in _EMPTY and all(cell in _EMPTY for cell in cells):
            continue
        columns.append((_title(title, at), _column(cells)))
    table = pd.concat([cells for _, cells in columns], axis=1) if columns else pd.DataFrame()
    return table.set_axis([name for name, _ in columns], axis=1)


def _header(rows: Sequence[Sequence[Any]]) -> int:
    """Return which row names the columns: the first that names at least half of those in use."""
    some = rows[:_LOOKED_AT]
    used = sum(any(row[at] not in _EMPTY for row in some) for at in range(len(some[0])))
    for place, row in enumerate(some):
        if 2 * sum(cell not in _EMPTY for cell in row) >= used:
            return place
    return 0


def _title(cell: Any, at: int) -> str:
    """Return the name of a column; pandas' own for one that has none."""
    if cell in _EMPTY:
        return f"Unnamed: {at}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _column(cells: Sequence[Any]) -> "pd.Series[Any]":
    """Return the cells of a column in the type that all of them have."""
    present = [cell for cell in cells if cell not in _EMPTY]
    kinds = set(map(type, present))
    if present and kinds == {float} and all(cell.is_integer() for cell in present):
        exact = all(abs(cell) <= 2**53 for cell in present)
        if exact and len(present) == len(cells):
            return pd.Series([int(cell) for cell in cells], dtype="int64")
    if present and kinds == {float}:
        return pd.Series([None if cell in _EMPTY else cell for cell in cells], dtype="float64")
    if present and kinds <= {datetime.date, datetime.datetime}:
        return _dates(cells)
    plain = [None if cell in _EMPTY else _plain(cell) for cell in cells]
    if kinds == {bool} and len(present) == len(cells):
        return pd.Series(plain, dtype=bool)
    return pd.Series(plain, dtype=object)


def _dates(cells: Sequence[Any]) -> "pd.Series[Any]":
    given = [None if cell in _EMPTY else cell for cell in cells]
    try:
        return pd.Series(pd.to_datetime(pd.Series(given, dtype=object)))
    except (ValueError, OverflowError):  # beyond what the type can hold
        return pd.Series([None if cell is None else str(cell) for cell in given], dtype=object)


def _plain(cell: Any) -> Any:
    """Return a cell among others of other types; times and durations as text."""
    if isinstance(cell, datetime.timedelta):
        return _clock(cell)
    if isinstance(cell, datetime.date | datetime.time):
        return str(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= 2**53:
        return int(cell)
    return cell


def _clock(length: datetime.timedelta) -> str:
    """Return a duration as hours, minutes and seconds, as a sheet shows it."""
    seconds = round(length.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

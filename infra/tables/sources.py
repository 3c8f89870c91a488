"""Read tables from files, URLs and databases."""

import io
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd

from espalier.infra.tables.csv_reading import read_csv
from espalier.infra.tables.databases import is_database, read_query
from espalier.infra.tables.json_records import read_json
from espalier.infra.tables.opening import COMPRESSIONS, exists_locally, open_bytes
from espalier.infra.tables.picture_files.folders import is_picture_source, read_picture_source
from espalier.infra.tables.picture_files.paths import folder_of, with_absolute_paths
from espalier.infra.tables.source_access import open_to_us
from espalier.infra.tables.workbooks.names import ENDINGS as WORKBOOKS
from espalier.infra.tables.workbooks.names import split_sheet
from espalier.infra.tables.workbooks.reading import read_workbook
from espalier.pipelines.cell_display import without_cells
from espalier.pipelines.data.parsing.column_names import unique_names
from espalier.pipelines.data.parsing.numbers import NumberStyle
from espalier.pipelines.errors import EspalierError, UserError
from espalier.pipelines.redaction import redact, redact_source

if TYPE_CHECKING:
    import pyarrow as pa


PICTURES, WORKBOOK = "a folder of pictures", "a workbook"
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")


def read_table(
    source: str,
    *,
    query: str | None = None,
    target: str | None = None,
    styles: Mapping[str, NumberStyle] | None = None,
    image_root: str | None = None,
) -> pd.DataFrame:
    """Read the table that ``source`` names.

    Parameters
    ----------
    source : str
        A file (CSV, TSV, Parquet, Arrow, Feather, JSON lines; text ones also compressed; a
        workbook, whose sheet may be named: ``book.xlsx#March``), a fsspec URL of one, a folder or
        zip archive of pictures in folders of their class, or a SQLAlchemy database URL.
        ``${NAME}`` in it is replaced by the environment variable's value.
    query : str, optional
        The SELECT statement to run; required for a database, and refused otherwise.
    target, styles : optional
        Column of labels, and how a model's training had its numbers; see
        `espalier.infra.tables.csv_reading.read_csv`. Other formats have types and need neither.
    image_root : str, optional
        Folder or zip archive that paths of pictures in the table start from; by default the folder
        of the file.

    Returns
    -------
    DataFrame
        At least one row and one column, RangeIndex, columns as the source has them.

    Raises
    ------
    UserError
        The source is missing, unreadable, empty, of an unknown kind, or the query is wrong.
    StoreUnavailableError
        The database is locked; trying again may help.
    """
    source = open_to_us(source)
    root = root_of_pictures(source, image_root)
    if is_database(source):
        return with_absolute_paths(_filled(read_query(source, query), source), root)
    if query is not None:
        raise UserError(
            f"a query needs a database URL such as sqlite:///file.db, not {redact_source(source)!r}"
        )
    kind = table_kind(source)
    with read_errors(source):
        if kind == "CSV":
            tabbed = ending(source) in (".tsv", ".tab")
            found = read_csv(source, tabbed=tabbed, target=target, styles=styles)
        else:
            found = _READERS[kind](source)
        found = _filled(found, source)
        return found if kind == PICTURES else with_absolute_paths(found, root)


def root_of_pictures(source: str, image_root: str | None) -> str | None:
    """Return where paths of pictures in a table start: the folder named, or that of the file.

    Raises
    ------
    UserError
        The folder named is not there, or a form may not have it read.
    """
    if image_root is None:
        return None if is_database(source) else folder_of(source)
    named = open_to_us(image_root)
    if not os.path.exists(named):
        raise UserError(
            f"the folder of pictures {redact_source(image_root)!r} does not exist; check "
            "--image-root"
        )
    return named


@contextmanager
def read_errors(source: str) -> Iterator[None]:
    """Context manager that turns errors of reading a file or URL into a `UserError`.

    Raises
    ------
    UserError
        The file is missing, cannot be read, or does not have the format of its ending. The message
        is one line.
    """
    if exists_locally(split_sheet(source)[0]) is False:
        raise UserError(f"file {redact_source(source)!r} does not exist; check the path")
    try:
        yield
    except EspalierError:
        raise
    except FileNotFoundError:
        raise UserError(f"file {redact_source(source)!r} does not exist; check the path") from None
    except PermissionError:
        raise UserError(
            f"file {redact_source(source)!r} may not be read; check its permissions"
        ) from None
    except Exception as error:  # parsers raise all kinds of exceptions
        raise UserError(
            f"{redact_source(source)!r} cannot be read as {table_kind(source)}: "
            f"{without_cells(reason_of(error))}"
        ) from error


def table_kind(source: str) -> str:
    """Return the table format that the ending of ``source`` names."""
    found = ending(source)
    if found in _ENDINGS:
        return _ENDINGS[found]
    if is_picture_source(source):
        return PICTURES
    if exists_locally(source) and os.path.isdir(source):
        return "Parquet"  # a partitioned data set
    shown = f"ends in {found!r}" if found else "has no ending"
    raise UserError(f"{redact_source(source)!r} {shown}, so its format is unknown; {_KNOWN}")


def ending(source: str) -> str:
    """Return the ending that names the format, without a compression's ending."""
    path, _ = split_sheet(source)
    path = path.split("?", 1)[0].split("#", 1)[0] if "://" in path else path
    suffixes = [suffix.lower() for suffix in PurePosixPath(path.replace("\\", "/")).suffixes]
    while suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _filled(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return the table; raise an error if it has no rows or columns."""
    if table.shape[1] == 0 or len(table) == 0:
        what = "rows" if table.shape[1] else "columns"
        raise UserError(
            f"{redact_source(source)!r} is empty: it has no {what}; give a table with data"
        )
    return table.reset_index(drop=True)


def reason_of(error: BaseException) -> str:
    """Return the error's message on one line, at most 200 characters, without secrets."""
    # Redacted before it is cut: half a secret would not be recognised.
    text = redact(" ".join(str(error).split())) or type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."


# --- columnar -----------------------------------------------------------------------------


def _read_parquet(source: str) -> pd.DataFrame:
    from pyarrow import parquet

    if os.path.isdir(source):
        return to_frame(parquet.read_table(source))
    # Not `read_table`: of a file it makes a data set, which refuses a name that occurs twice.
    with open_bytes(source, decompress=False) as file:
        content = source if exists_locally(source) else io.BytesIO(file.read())
        return to_frame(parquet.ParquetFile(content).read())


def _read_workbook(source: str) -> pd.DataFrame:
    with open_bytes(split_sheet(source)[0], decompress=False) as file:
        return read_workbook(source, file.read())


def _read_arrow(source: str) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import feather

    with open_bytes(source, decompress=False) as file:
        content = pa.BufferReader(file.read())
    try:
        return to_frame(feather.read_table(content, memory_map=False))
    except pa.ArrowInvalid:
        content.seek(0)  # not the file format: the streaming one has no footer
        return to_frame(pa.ipc.open_stream(content).read_all())


def to_frame(table: "pa.Table") -> pd.DataFrame:
    """Return an Arrow table as a DataFrame, with a named index as a column.

    Of a name that occurs twice the second is read as ``name.1``, as it is in a CSV file.
    """
    if len(set(table.column_names)) < table.num_columns:
        table = table.rename_columns(unique_names(table.column_names))
    try:
        return without_index(table.to_pandas())
    except (TypeError, NotImplementedError):
        # pandas writes names of types that it cannot read itself, such as lists of Arrow.
        plain = table.replace_schema_metadata(None).to_pandas()
        return plain.loc[:, [not _UNNAMED_INDEX.fullmatch(name) for name in plain.columns]]


def without_index(table: pd.DataFrame) -> pd.DataFrame:
    """Turn a named index into a column; drop an unnamed one."""
    named = [name for name in table.index.names if name is not None]
    # An index that is also a column says nothing more: the column stays.
    new = [name for name in named if name not in table.columns]
    if not new:
        return table.reset_index(drop=True)
    rest: list[Any] = [
        level for level, name in enumerate(table.index.names) if name in named and name not in new
    ]
    return (table.droplevel(rest) if rest else table).reset_index(level=new).reset_index(drop=True)


_READERS: dict[str, Callable[[str], pd.DataFrame]] = {
    "JSON lines": read_json,
    "Parquet": _read_parquet,
    "Arrow": _read_arrow,
    WORKBOOK: _read_workbook,
    PICTURES: read_picture_source,
}
_ENDINGS = {
    ".csv": "CSV",
    ".tsv": "CSV",
    ".tab": "CSV",
    ".txt": "CSV",
    ".jsonl": "JSON lines",
    ".ndjson": "JSON lines",
    ".json": "JSON lines",
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".feather": "Arrow",
    ".arrow": "Arrow",
    ".ipc": "Arrow",
    **dict.fromkeys(WORKBOOKS, WORKBOOK),
}
_KNOWN = (
    "use .csv, .tsv, .jsonl (also with .gz, .bz2, .xz), .parquet, .feather, .arrow or .xlsx, "
    "a folder or .zip of pictures in folders of their class, or a database URL with a query"
)

"""Read tables from files, URLs and databases, and write them to files."""

import bz2
import gzip
import io
import json
import lzma
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import pandas as pd

from espalier.infra.tables.csv_dialect import sniff
from espalier.infra.tables.databases import is_database, read_query
from espalier.infra.tables.opening import COMPRESSIONS, exists_locally, open_bytes
from espalier.infra.tables.placeholders import fill_in
from espalier.pipelines.errors import EspalierError, UserError
from espalier.pipelines.redaction import redact


def read_table(source: str, *, query: str | None = None) -> pd.DataFrame:
    """Read the table that ``source`` names.

    Parameters
    ----------
    source : str
        A file (CSV, TSV, Parquet, Arrow, Feather, JSON lines; text ones also compressed), a
        fsspec URL of one, or a SQLAlchemy database URL. ``${NAME}`` in it is replaced by the
        environment variable's value.
    query : str, optional
        The SELECT statement to run; required for a database, and refused otherwise.

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
    source = fill_in(source)
    if is_database(source):
        return _filled(read_query(source, query), source)
    if query is not None:
        raise UserError(
            f"a query needs a database URL such as sqlite:///file.db, not {redact(source)!r}"
        )
    reader = _READERS[table_kind(source)]
    with read_errors(source):
        return _filled(reader(source), source)


@contextmanager
def read_errors(source: str) -> Iterator[None]:
    """Context manager that turns errors of reading a file or URL into a `UserError`.

    Raises
    ------
    UserError
        The file is missing, cannot be read, or does not have the format of its ending. The message
        is one line.
    """
    if exists_locally(source) is False:
        raise UserError(f"file {redact(source)!r} does not exist; check the path")
    try:
        yield
    except EspalierError:
        raise
    except FileNotFoundError:
        raise UserError(f"file {redact(source)!r} does not exist; check the path") from None
    except PermissionError:
        raise UserError(f"file {redact(source)!r} may not be read; check its permissions") from None
    except Exception as error:  # parsers raise all kinds of exceptions
        raise UserError(
            f"{redact(source)!r} cannot be read as {table_kind(source)}: {reason_of(error)}"
        ) from error


def write_table(frame: pd.DataFrame, path: str | Path) -> None:
    """Write ``frame`` without its index, in the format of the ending of ``path``.

    The file is written atomically.

    Raises
    ------
    UserError
        The ending is unknown, or the file cannot be written.
    """
    target = Path(path)
    kind = table_kind(str(target))
    partial = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            _WRITERS[kind](frame, partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except (KeyError, NotImplementedError):
        raise UserError(f"{str(path)!r} cannot be written; {_KNOWN}") from None
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be written: {reason_of(error)}") from None


def table_kind(source: str) -> str:
    """Return the table format that the ending of ``source`` names."""
    found = ending(source)
    if found in _ENDINGS:
        return _ENDINGS[found]
    if exists_locally(source) and os.path.isdir(source):
        return "Parquet"  # a partitioned data set
    shown = f"ends in {found!r}" if found else "has no ending"
    raise UserError(f"{redact(source)!r} {shown}, so its format is unknown; {_KNOWN}")


def ending(source: str) -> str:
    """Return the ending that names the format, without a compression's ending."""
    path = source.split("?", 1)[0].split("#", 1)[0] if "://" in source else source
    suffixes = [suffix.lower() for suffix in PurePosixPath(path.replace("\\", "/")).suffixes]
    while suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _filled(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return the table; raise an error if it has no rows or columns."""
    if table.shape[1] == 0 or len(table) == 0:
        what = "rows" if table.shape[1] else "columns"
        raise UserError(f"{redact(source)!r} is empty: it has no {what}; give a table with data")
    return table.reset_index(drop=True)


def reason_of(error: BaseException) -> str:
    """Return the error's message on one line, at most 200 characters, without secrets."""
    text = " ".join(str(error).split()) or type(error).__name__
    return redact(text if len(text) <= 200 else text[:197] + "...")


# --- text ---------------------------------------------------------------------------------


def _read_csv(source: str) -> pd.DataFrame:
    tabbed = ending(source) in (".tsv", ".tab")
    dialect = sniff(source, tabbed=tabbed)
    for encoding in dialect.encodings:
        try:
            with open_bytes(source) as file:
                return pd.read_csv(
                    file,
                    sep=dialect.delimiter,
                    encoding=encoding,
                    decimal=dialect.decimal,
                    low_memory=False,
                    index_col=False,
                )
        except UnicodeDecodeError:
            if encoding == dialect.encodings[-1]:
                raise
    raise AssertionError("unreachable: the last encoding returns or raises")


def _read_json(source: str) -> pd.DataFrame:
    with open_bytes(source) as file:
        text = file.read()
    if not text.strip():
        raise UserError(f"{redact(source)!r} is empty; give a table with data")
    # Keep pandas from converting text that looks like a date or a number; that comes later.
    if text.lstrip().startswith(b"["):
        records = json.loads(text)
    else:
        records = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not all(isinstance(record, dict) for record in records):
        raise UserError(f"{redact(source)!r} must hold one JSON object a row")
    return pd.DataFrame.from_records(records)


# --- columnar -----------------------------------------------------------------------------


def _read_parquet(source: str) -> pd.DataFrame:
    if exists_locally(source):
        return without_index(pd.read_parquet(source))
    with open_bytes(source, decompress=False) as file:
        return without_index(pd.read_parquet(io.BytesIO(file.read())))


def _read_arrow(source: str) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import feather

    with open_bytes(source, decompress=False) as file:
        content = pa.BufferReader(file.read())
    try:
        return without_index(feather.read_table(content, memory_map=False).to_pandas())
    except pa.ArrowInvalid:
        content.seek(0)  # not the file format: the streaming one has no footer
        return without_index(pa.ipc.open_stream(content).read_pandas())


def without_index(table: pd.DataFrame) -> pd.DataFrame:
    """Turn a named index into a column; drop an unnamed one."""
    named = [name for name in table.index.names if name is not None]
    return table.reset_index(level=named) if named else table.reset_index(drop=True)


# --- formats ------------------------------------------------------------------------------


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    separator = "\t" if ending(str(path)) in (".tsv", ".tab") else ","
    with _packed(path) as file:
        frame.to_csv(file, index=False, sep=separator)


def _write_json(frame: pd.DataFrame, path: Path) -> None:
    with _packed(path) as file:
        frame.to_json(file, orient="records", lines=True, date_format="iso")


def _packed(path: Path) -> IO[Any]:
    """Open a text file for writing, compressed according to its ending."""
    packers: dict[str, Callable[..., IO[Any]]] = {
        ".gz": gzip.open,
        ".bz2": bz2.open,
        ".xz": lzma.open,
    }
    if path.suffix.lower() in COMPRESSIONS and path.suffix.lower() not in packers:
        raise NotImplementedError(path.suffix)
    opener = packers.get(path.suffix.lower(), open)
    return cast(IO[Any], opener(path, "wt", encoding="utf-8", newline=""))


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path, index=False)


def _write_feather(frame: pd.DataFrame, path: Path) -> None:
    frame.reset_index(drop=True).to_feather(path)


_READERS: dict[str, Callable[[str], pd.DataFrame]] = {
    "CSV": _read_csv,
    "JSON lines": _read_json,
    "Parquet": _read_parquet,
    "Arrow": _read_arrow,
}
_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "CSV": _write_csv,
    "JSON lines": _write_json,
    "Parquet": _write_parquet,
    "Arrow": _write_feather,
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
}
_KNOWN = (
    "use .csv, .tsv, .jsonl (also with .gz, .bz2, .xz), .parquet, .feather or .arrow, "
    "or a database URL with a query"
)

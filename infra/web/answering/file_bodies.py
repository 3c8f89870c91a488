"""Bodies of requests: CSV and Parquet are read as `espalier predict` reads such files."""

import io
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from espalier.infra.tables.chunks import ChunkPlan, read_chunks
from espalier.infra.tables.sources import reason_of, to_frame
from espalier.infra.web.answering.json_bodies import read_json_body
from espalier.infra.web.answering.messages import CSV, PARQUET
from espalier.infra.web.answering.raw_rows import RawRows, require_few
from espalier.infra.web.answering.refusals import BAD_REQUEST, TOO_LARGE, RefusedError
from espalier.pipelines.cell_display import without_cells
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.numbers import NumberStyle
from espalier.pipelines.errors import UserError

# A small Parquet file may hold an enormous table: a column of one value takes a few bytes.
UNPACKED_BYTES = 512 * 2**20


def read_body(
    body: bytes,
    media: str,
    *,
    most_rows: int,
    text_columns: Collection[str] = (),
    styles: Mapping[str, NumberStyle] | None = None,
) -> tuple[RawRows, dict[str, Any]]:
    """Return the rows of a body, and what else it holds: the options, which only JSON has.

    Parameters
    ----------
    body : bytes
        What was sent.
    media : str
        Its type; JSON unless it is `CSV` or `PARQUET`.
    most_rows : int
        Number of rows to accept.
    text_columns, styles : optional
        As in `read_csv_body`.

    Raises
    ------
    RefusedError
        It cannot be read, or has too many rows.
    """
    if media == CSV:
        rows = read_csv_body(
            body, most_rows=most_rows, text_columns=text_columns, styles=styles or {}
        )
        return rows, {}
    if media == PARQUET:
        return read_parquet_body(body, most_rows=most_rows), {}
    return read_json_body(body, most_rows=most_rows)


def read_csv_body(
    body: bytes,
    *,
    most_rows: int,
    text_columns: Collection[str],
    styles: Mapping[str, NumberStyle],
) -> RawRows:
    """Return the rows of a CSV body; separator, encoding and numbers are found out.

    Parameters
    ----------
    body : bytes
        The file, with a header.
    most_rows : int
        Number of rows to accept.
    text_columns : collection of str
        Columns that are read as text, so that codes keep leading zeros.
    styles : mapping of str to NumberStyle
        How a model's training had the numbers of its columns.

    Raises
    ------
    RefusedError
        It cannot be read, or has no rows or too many.
    """
    if not body.strip():
        raise RefusedError("the body is empty; send a CSV with a header", status=BAD_REQUEST)
    plan = ChunkPlan(text_columns=text_columns, styles=styles)
    with tempfile.TemporaryDirectory(prefix="espalier-request-") as folder:
        path = Path(folder) / "body.csv"
        path.write_bytes(body)
        try:
            parts = list(read_chunks(str(path), plan=plan))
        except UserError as error:
            said = str(error).replace(repr(str(path)), "the body")
            raise RefusedError(said, status=BAD_REQUEST) from None
    if not parts:
        raise RefusedError("the body holds one line and no rows; send a header and rows below it")
    table = pd.concat(parts, ignore_index=True)
    require_few(len(table), most_rows)
    return RawRows.of_table(with_unique_names(table))


def read_parquet_body(body: bytes, *, most_rows: int) -> RawRows:
    """Return the rows of a Parquet body.

    Raises
    ------
    RefusedError
        It cannot be read, or has too many rows or cells.
    """
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(body))
        groups = range(file.num_row_groups)
        n_bytes = sum(file.metadata.row_group(at).total_byte_size for at in groups)
        n_rows = file.metadata.num_rows
    except Exception as error:  # whatever the parser raises, the file is wrong
        raise _unreadable(error) from None
    require_few(n_rows, most_rows)
    if n_bytes > UNPACKED_BYTES:
        raise RefusedError(
            f"the Parquet file unpacks to {n_bytes:,} bytes; at most {UNPACKED_BYTES:,} are read",
            status=TOO_LARGE,
        )
    try:
        table = to_frame(file.read())
    except Exception as error:
        raise _unreadable(error) from None
    return RawRows.of_table(with_unique_names(table))


def _unreadable(error: Exception) -> RefusedError:
    said = without_cells(reason_of(error))
    return RefusedError(f"the body cannot be read as Parquet: {said}", status=BAD_REQUEST)

"""Read tables of any size in chunks of rows.

Every chunk is read as the whole table would be. How a column is read must not depend on where a
chunk ends, so the encoding of a text file and the names in a JSON lines file are found in a
separate pass, and columns that are known to be text are read as text.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd

from espalier.infra.tables.csv_dialect import (
    CsvDialect,
    fitting_encoding,
    has_number_commas,
    has_points_at_thousands,
    sniff,
)
from espalier.infra.tables.csv_reading import opened_csv, parse_csv, refuse_second_header
from espalier.infra.tables.databases import is_database, read_query_chunks
from espalier.infra.tables.json_records import is_array, read_records
from espalier.infra.tables.opening import exists_locally, open_bytes
from espalier.infra.tables.picture_files.folders import read_picture_source
from espalier.infra.tables.picture_files.paths import with_absolute_paths
from espalier.infra.tables.remembered_numbers import as_numbers, decide_signs, gather_evidence
from espalier.infra.tables.source_access import open_to_us
from espalier.infra.tables.sources import (
    PICTURES,
    WORKBOOK,
    ending,
    read_errors,
    read_table,
    root_of_pictures,
    table_kind,
    to_frame,
)
from espalier.pipelines.data.parsing.numbers import NumberStyle
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact_source

if TYPE_CHECKING:
    import pyarrow as pa

CELLS = 4_000_000
"""Number of cells of a chunk: some tens of megabytes of numbers, a few hundred of text."""
_LOOK_ROWS = 20_000
"""Rows that are read together to see what they tell about their decimal signs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlan:
    """How to read a table in chunks.

    Attributes
    ----------
    cells : int
        Approximate number of cells of a chunk: rows times columns.
    text_columns : collection of str
        Columns to read as text if the source has no types (CSV), so that codes keep leading zeros.
    wanted : collection of str or None
        Columns that are needed; others may be left out if that makes reading cheaper. None for all.
    styles : mapping of str to NumberStyle
        How a model's training had the numbers of its columns.
    image_root : str or None
        Folder or zip archive that paths of pictures start from; None for the folder of the file.
    """

    cells: int = CELLS
    text_columns: Collection[str] = ()
    wanted: Collection[str] | None = None
    styles: Mapping[str, NumberStyle] = field(default_factory=dict)
    image_root: str | None = None

    def rows(self, n_columns: int) -> int:
        """Return the number of rows per chunk."""
        return max(1, self.cells // max(1, n_columns))


def read_chunks(
    source: str, *, query: str | None = None, plan: ChunkPlan | None = None
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file, URL or query as chunks, in order; no chunk is empty.

    Parameters
    ----------
    source, query : str
        As for `espalier.infra.tables.sources.read_table`.
    plan : ChunkPlan, optional
        Size and columns of the chunks.

    Raises
    ------
    UserError, StoreUnavailableError
        As `espalier.infra.tables.sources.read_table`; a table without rows yields nothing.
    """
    source = open_to_us(source)
    plan = plan or ChunkPlan()
    root = root_of_pictures(source, plan.image_root)
    if is_database(source):
        for table in read_query_chunks(source, query, cells=plan.cells):
            yield with_absolute_paths(table, root)
        return
    if query is not None:
        raise UserError(
            f"a query needs a database URL such as sqlite:///file.db, not {redact_source(source)!r}"
        )
    reader = _READERS[table_kind(source)]
    with read_errors(source):
        for table in reader(source, plan):
            if len(table):
                yield with_absolute_paths(table.reset_index(drop=True), root)


# --- text ---------------------------------------------------------------------------------


def _csv(source: str, plan: ChunkPlan) -> Iterator[pd.DataFrame]:
    dialect = sniff(source, tabbed=ending(source) in (".tsv", ".tab"))
    encoding = fitting_encoding(source, dialect)
    with open_bytes(source) as file:
        names = list(parse_csv(file, dialect, encoding, nrows=0).columns)
    n_rows = plan.rows(len(names))

    def chunks(**options: Any) -> Iterator[pd.DataFrame]:
        options = {"chunksize": n_rows} | options
        with (
            opened_csv(source, dialect, encoding) as file,
            parse_csv(file, dialect, encoding, **options) as parts,
        ):
            for part in parts:
                file.raise_fault()
                yield part

    signs = _decimal_signs(source, dialect, names, plan, n_rows, chunks)
    as_text = {name: str for name in (*plan.text_columns, *signs) if name in names}
    n_read = 0
    for chunk in chunks(dtype=as_text):
        refuse_second_header(chunk, repr(redact_source(source)), n_read)
        n_read += len(chunk)
        for name, sign in signs.items():
            chunk[name] = as_numbers(chunk[name], sign, plan.styles[name])
        yield chunk


def _decimal_signs(
    source: str,
    dialect: CsvDialect,
    names: list[str],
    plan: ChunkPlan,
    n_rows: int,
    chunks: Callable[..., Iterator[pd.DataFrame]],
) -> dict[str, str]:
    """Return the decimal sign of the columns that pandas cannot be left to read.

    What the last row tells counts for the first one too, so the file is read once before.
    """
    asked = [name for name in names if name in plan.styles]
    styles = [plan.styles[name] for name in asked]
    with_commas = any(style.decimal == "," for style in styles) or (
        bool(asked) and has_number_commas(source, dialect)
    )
    # A later 1.050 in a column of whole numbers may be one thousand and fifty.
    if not with_commas and not (
        any(style.is_whole for style in styles) and has_points_at_thousands(source, dialect)
    ):
        return {}
    found = gather_evidence(
        chunks(usecols=asked, dtype=str, chunksize=min(n_rows, _LOOK_ROWS)),
        enough=None if with_commas else lambda told: any(each.point for each in told),
    )
    decided = decide_signs(found, plan.styles, repr(redact_source(source)))
    return {
        name: sign
        for name, sign in decided.items()
        if "," in (sign, plan.styles[name].decimal)
        # What was text in the training, as numbers with a unit are, is read there as it was.
        and (name not in plan.text_columns or sign != plan.styles[name].decimal)
    }


def _json(source: str, plan: ChunkPlan) -> Iterator[pd.DataFrame]:
    if is_array(source):
        yield from _sliced(read_table(source), plan)
        return
    # A key may first occur late in the file, but must be a column from the start.
    names: dict[str, None] = {}
    for record in read_records(source):
        names.update(dict.fromkeys(record))
    records = read_records(source)
    while part := list(islice(records, plan.rows(len(names)))):
        yield pd.DataFrame.from_records(part, columns=list(names))


def _sliced(table: pd.DataFrame, plan: ChunkPlan) -> Iterator[pd.DataFrame]:
    n_rows = plan.rows(table.shape[1])
    for start in range(0, len(table), n_rows):
        yield table.iloc[start : start + n_rows]


# --- columnar -----------------------------------------------------------------------------


def _parquet(source: str, plan: ChunkPlan) -> Iterator[pd.DataFrame]:
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    if os.path.isdir(source):
        # pandas reads a folder of files in the same way.
        data = ds.dataset(source, format="parquet", partitioning="hive")
        names = _pruned(data.schema.names, plan)
        batches = data.to_batches(
            columns=names,
            batch_size=plan.rows(len(names or data.schema.names)),
            batch_readahead=1,
            fragment_readahead=1,
        )
        yield from _to_pandas(batches)
        return
    with open_bytes(source, decompress=False) as file:
        parquet = pq.ParquetFile(file)
        names = _pruned(parquet.schema_arrow.names, plan)
        n_rows = plan.rows(len(names or parquet.schema_arrow.names))
        yield from _to_pandas(parquet.iter_batches(batch_size=n_rows, columns=names))


def _pruned(names: list[str], plan: ChunkPlan) -> list[str] | None:
    """Return the columns to read; None for all, also if names are not unique."""
    if plan.wanted is None or len(set(names)) < len(names):
        return None
    return [name for name in names if name in plan.wanted]


def _arrow(source: str, plan: ChunkPlan) -> Iterator[pd.DataFrame]:
    import pyarrow as pa

    with open_bytes(source, decompress=False) as file:
        content = pa.memory_map(source) if exists_locally(source) else pa.BufferReader(file.read())
        try:
            reader = pa.ipc.open_file(content)
            batches = map(reader.get_batch, range(reader.num_record_batches))
        except pa.ArrowInvalid:
            content.seek(0)  # not the file format: the streaming one has no footer
            try:
                batches = iter(pa.ipc.open_stream(content))
            except pa.ArrowInvalid:  # the first version of Feather, or no Arrow at all
                yield from _sliced(read_table(source), plan)
                return
        yield from _to_pandas(
            batch.slice(start, n_rows)
            for batch in batches
            for n_rows in [plan.rows(batch.num_columns)]
            for start in range(0, batch.num_rows, n_rows)
        )


def _to_pandas(batches: "Iterable[pa.RecordBatch]") -> Iterator[pd.DataFrame]:
    """Yield the batches of an Arrow table as DataFrames, with a named index as a column."""
    import pyarrow as pa

    n_before = 0
    for batch in batches:
        table = to_frame(pa.Table.from_batches([batch]))
        for each in (batch.schema.pandas_metadata or {}).get("index_columns", ()):
            # Of a RangeIndex pandas stores only the range, and no cells.
            if isinstance(each, dict) and each.get("name") not in (None, *table.columns):
                first = each["start"] + n_before * each["step"]
                cells = range(first, first + len(table) * each["step"], each["step"])
                table[each["name"]] = cells
        n_before += len(table)
        yield table


_READERS: dict[str, Callable[[str, ChunkPlan], Iterator[pd.DataFrame]]] = {
    "CSV": _csv,
    "JSON lines": _json,
    "Parquet": _parquet,
    "Arrow": _arrow,
    PICTURES: lambda source, plan: _sliced(read_picture_source(source), plan),
    WORKBOOK: lambda source, plan: _sliced(read_table(source), plan),
}

"""Write a table chunk by chunk into a file that appears only when it is complete."""

import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import pandas as pd

from espalier.infra.places import require_writable
from espalier.infra.tables.sources import reason_of
from espalier.pipelines.errors import UserError

WRITABLE = (".csv", ".parquet")


class TableWriter:
    """Writes rows to a hidden file next to ``path``, which is renamed to it on success.

    Parameters
    ----------
    path : Path
        Path of the table; an existing file is replaced at the end.

    Raises
    ------
    UserError
        The ending is not `WRITABLE`, the folder does not exist or cannot be written, or a chunk
        has other types than the first one (Parquet).
    """

    def __init__(self, path: Path) -> None:
        if not path.name.endswith(WRITABLE):
            raise UserError(f"output {str(path)!r} must end in {' or '.join(WRITABLE)}")
        require_writable(path)
        self._path = path
        self._partial = path.with_name(f".{os.getpid()}.{path.name}")
        self._text: IO[str] | None = None
        self._parquet: Any = None

    def write(self, frame: pd.DataFrame) -> None:
        """Append rows; they must have the columns of the first chunk."""
        try:
            if self._path.name.endswith(".csv"):
                self._write_text(frame)
            else:
                self._write_parquet(frame)
        except OSError as error:
            raise self._refusal(error) from None

    def _write_text(self, frame: pd.DataFrame) -> None:
        is_first = self._text is None
        if self._text is None:
            # Half a character, which UTF-8 cannot hold, is spelled out.
            self._text = self._partial.open(
                "w", encoding="utf-8", errors="backslashreplace", newline=""
            )
        frame.to_csv(self._text, index=False, header=is_first)

    def _write_parquet(self, frame: pd.DataFrame) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._parquet is None:
            table = pa.Table.from_pandas(frame, preserve_index=False)
            self._parquet = pq.ParquetWriter(str(self._partial), table.schema)
        else:
            try:
                table = pa.Table.from_pandas(
                    frame, schema=self._parquet.schema, preserve_index=False
                )
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                raise UserError(
                    f"a column changes its type between the files or chunks: {reason_of(error)}; "
                    "write a CSV file instead"
                ) from None
        self._parquet.write_table(table)

    def _refusal(self, error: OSError) -> UserError:
        return UserError(f"{str(self._path)!r} cannot be written: {reason_of(error)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._text is not None:
                self._text.close()
            if self._parquet is not None:
                self._parquet.close()
            if kind is None and self._partial.exists():
                self._partial.replace(self._path)
        except OSError as fault:
            if kind is None:
                raise self._refusal(fault) from None
        finally:
            self._partial.unlink(missing_ok=True)

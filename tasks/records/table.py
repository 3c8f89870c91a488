"""A raw table in the folder of its run."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRef:
    """Reference to a raw table that is staged in the run folder.

    Attributes
    ----------
    folder : Path
        The run folder.
    fingerprint : str
        Fingerprint of the table's content.
    n_rows : int
        Number of rows.
    schema : tuple of (column, dtype)
        Columns and their dtypes as read.
    """

    folder: Path
    fingerprint: str
    n_rows: int
    schema: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, table: pd.DataFrame, fingerprint: str, folder: Path) -> "TableRef":
        """Return the reference to ``table`` in ``folder``; the table is not written."""
        schema = tuple((str(name), str(kind)) for name, kind in table.dtypes.items())
        return cls(folder=folder, fingerprint=fingerprint, n_rows=len(table), schema=schema)

    @staticmethod
    def path_in(folder: Path) -> Path:
        """Return the path of the table in a run folder."""
        return folder / "table.pkl"

    @property
    def path(self) -> Path:
        """Path of the table."""
        return self.path_in(self.folder)

    @property
    def prepared_path(self) -> Path:
        """Path of the prepared data."""
        return self.folder / "prepared.pkl"

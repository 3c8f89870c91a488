"""The file of experience: read, added to, never half written."""

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from espalier.pipelines.errors import UserError
from espalier.pipelines.experience.recording.record import ExperienceRecord, KnowledgeBase
from espalier.pipelines.experience.recording.schema import (
    VERSION,
    from_table,
    migrate,
    to_table,
    version_of,
)


@dataclass(frozen=True, slots=True)
class ExperienceStore:
    """A Parquet file of experience; two writers at a time must take turns.

    A file is written beside the old one and put in its place whole. The old one stays as
    ``<name>.bak``, that of an older version as ``<name>.v<version>.bak`` for good.

    Attributes
    ----------
    path : Path
        The file; it need not exist before something is added.
    """

    path: Path

    @property
    def backup_path(self) -> Path:
        """Where the file before the last change is."""
        return self.path.with_name(self.path.name + ".bak")

    def read(self) -> KnowledgeBase:
        """Return what the file knows; nothing where there is no file.

        Raises
        ------
        UserError
            The file is damaged, something else, or of a version that cannot be read.
        """
        return self._read()[0]

    def append(self, records: Iterable[ExperienceRecord]) -> KnowledgeBase:
        """Add records and return all that the file then knows.

        Raises
        ------
        UserError
            As of `read`; the file is then left as it is.
        """
        return self.merge(KnowledgeBase.of(records))

    def merge(self, other: KnowledgeBase) -> KnowledgeBase:
        """Add what ``other`` knows and return the whole; nothing is written if it adds nothing.

        Raises
        ------
        UserError
            As of `read`; the file is then left as it is.
        """
        mine, version = self._read()
        both = mine.merge(other)
        if both == mine and version in (None, VERSION):
            return both
        if version is not None:
            old = f"{self.path.name}.v{version}.bak"
            self._keep(self.backup_path if version == VERSION else self.path.with_name(old))
        table = to_table(both)
        _write_atomically(
            self.path, lambda partial: pq.write_table(table, partial, compression="zstd")
        )
        return both

    def _read(self) -> tuple[KnowledgeBase, int | None]:
        """Return what the file knows and its version; None where there is no file."""
        where = str(self.path)
        if not self.path.exists():
            return KnowledgeBase(), None
        try:
            table = pq.read_table(self.path, partitioning=None)
        except (pa.ArrowException, OSError, ValueError) as error:
            hint = (
                f"its state before the last change is in {str(self.backup_path)!r}"
                if self.backup_path.exists()
                else "move it away to begin a new one"
            )
            reason = " ".join(str(error).split())[:200]
            raise UserError(
                f"the experience in {where!r} cannot be read: it is damaged, or no Parquet file; "
                f"{hint} ({reason})"
            ) from None
        version = version_of(table, where=where)
        return from_table(migrate(table, where=where), where=where), version

    def _keep(self, backup: Path) -> None:
        _write_atomically(backup, lambda partial: shutil.copyfile(self.path, partial))


def _write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write the file whole or not at all, and flush it to the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(partial)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)

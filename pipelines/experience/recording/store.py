"""The experience store: a Parquet file that is always replaced as a whole."""

import shutil
from collections.abc import Iterable
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
from espalier.pipelines.serialization.to_disk import replacing


@dataclass(frozen=True, slots=True)
class ExperienceStore:
    """A Parquet file of experience; only one process may write at a time.

    A new file is written next to the old one and then replaces it. The old one is kept as
    ``<name>.bak``; a file of an older version is kept permanently as ``<name>.v<version>.bak``.

    Attributes
    ----------
    path : Path
        The file; it is created when records are added.
    """

    path: Path

    @property
    def backup_path(self) -> Path:
        """Path of the copy from before the last change."""
        return self.path.with_name(self.path.name + ".bak")

    def read(self) -> KnowledgeBase:
        """Return the records in the file; empty if there is no file.

        Raises
        ------
        UserError
            The file is damaged, something else, or of a version that cannot be read.
        """
        return self._read()[0]

    def append(self, records: Iterable[ExperienceRecord]) -> KnowledgeBase:
        """Add records to the file and return all records in it.

        Raises
        ------
        UserError
            As for `read`; the file is left unchanged.
        """
        return self.merge(KnowledgeBase.of(records))

    def merge(self, other: KnowledgeBase) -> KnowledgeBase:
        """Add the records of ``other`` and return all; nothing is written if none are new.

        Raises
        ------
        UserError
            As for `read`; the file is left unchanged.
        """
        mine, version = self._read()
        both = mine.merge(other)
        if both == mine and version in (None, VERSION):
            return both
        if version is not None:
            old = f"{self.path.name}.v{version}.bak"
            self._keep(self.backup_path if version == VERSION else self.path.with_name(old))
        table = to_table(both)
        with replacing(self.path, to_disk=True) as partial:
            pq.write_table(table, partial, compression="zstd")
        return both

    def _read(self) -> tuple[KnowledgeBase, int | None]:
        """Return the records in the file and its version; None if there is no file."""
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
        with replacing(backup, to_disk=True) as partial:
            shutil.copyfile(self.path, partial)

"""The tables of the studio: files that were uploaded, and sources that were named.

Each has a folder ``studio/tables/<id>`` in the home folder, with ``entry.json`` and the uploaded
file. A file is stored as it came, under a name of harmless characters; nothing of it is executed,
and formats that could be (pickles) are not accepted.
"""

import json
import re
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO

from espalier.flows.studio.storage.keyed_folders import each_in, folder_of, new_folder
from espalier.flows.studio.tables.upload_kinds import TABLE, kind_of_upload, require_format
from espalier.infra.access.origin import FORM, OPERATOR, Origin
from espalier.infra.tables.databases import is_database
from espalier.infra.tables.sources import table_kind
from espalier.infra.tables.workbooks.names import split_sheet, with_sheet
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact_source

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME, _LONGEST_SHOWN = 80, 200
_BLOCK = 1 << 20
_SPARE_BYTES = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """One table of the studio.

    Attributes
    ----------
    id : str
        Its folder's name.
    name : str
        What people call it: the name of the file as it came, or the address without its password.
    source : str
        Path of the file, or the address; placeholders for secrets are not filled in. Of a workbook
        with several sheets the one that is read stands behind a ``#``.
    query : str or None
        The SELECT statement for a database.
    is_upload : bool
        Whether it is a file in the folder. Otherwise somebody named it, and what a form may not
        read is not read (`espalier.infra.access.form_limits`).
    n_bytes : int
        Size of the file; 0 for an address.
    added_at : float
        Seconds since 1970.
    kind : str
        ``table``, or ``pictures`` for an archive of them.
    sheets : tuple of str
        The sheets of a workbook with several; empty otherwise.
    """

    id: str
    name: str
    source: str
    query: str | None = None
    is_upload: bool = True
    n_bytes: int = 0
    added_at: float = 0.0
    kind: str = TABLE
    sheets: tuple[str, ...] = ()

    @property
    def sheet(self) -> str | None:
        """The sheet that is read; None where there is nothing to choose."""
        return split_sheet(self.source)[1]

    @property
    def origin(self) -> Origin:
        """For whom it is read."""
        return OPERATOR if self.is_upload else FORM


@dataclass(frozen=True, slots=True)
class TableShelf:
    """Keeps the tables of the studio.

    Attributes
    ----------
    folder : Path
        Folder with a folder for each table.
    """

    folder: Path

    def upload(self, name: str, file: IO[bytes]) -> TableEntry:
        """Store an uploaded file.

        Parameters
        ----------
        name : str
            Its name, as the browser sent it.
        file : binary file
            Its content; whoever reads the request bounds its size.

        Raises
        ------
        UserError
            It is empty, of a format that is not read, or there is no room for it.
        """
        shown = _last_part(name)[-_LONGEST_SHOWN:]
        stored = safe_name(shown)
        require_format(shown, stored)
        place = new_folder(self.folder)
        try:
            n_bytes = self._copy(file, place / stored)
            if n_bytes == 0:
                raise UserError(f"{shown!r} is empty; choose a file with rows")
            found = kind_of_upload(place / stored, shown)
            entry = TableEntry(
                id=place.name,
                name=shown,
                source=with_sheet(str(place / stored), found.sheet),
                n_bytes=n_bytes,
                added_at=time.time(),
                kind=found.kind,
                sheets=found.sheets,
            )
            self._write(place, entry)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return entry

    def name_source(self, source: str, query: str | None) -> TableEntry:
        """Note an address of a file or database.

        Raises
        ------
        UserError
            It is empty, its format is unknown, or a password stands in it.
        """
        source = source.strip()
        if not source or source.startswith("-"):
            raise UserError("give the address of a file or of a database")
        if redact_source(source) != source:
            raise UserError(
                "a password stands in this address, and would be kept with the table; put it into "
                "an environment variable of the studio that begins with ESPALIER_SECRET_, and "
                "write ${ESPALIER_SECRET_...} in its place"
            )
        if is_database(source):
            if not (query or "").strip():
                raise UserError("a database needs a query: the SELECT statement to run")
        elif "${" not in source:
            query = None
            table_kind(source)
        place = new_folder(self.folder)
        entry = TableEntry(
            id=place.name,
            name=source,
            source=source,
            query=(query or "").strip() or None,
            is_upload=False,
            added_at=time.time(),
        )
        self._write(place, entry)
        return entry

    def all(self) -> tuple[TableEntry, ...]:
        """Return all tables, the newest first; damaged ones are left out."""
        found = each_in(self.folder, self.get)
        return tuple(sorted(found, key=lambda each: each.added_at, reverse=True))

    def get(self, key: str) -> TableEntry:
        """Return a table.

        Raises
        ------
        KeyError
            There is none of this id.
        """
        place = folder_of(self.folder, key)
        try:
            record = json.loads((place / "entry.json").read_text(encoding="utf-8"))
            return TableEntry(**{**record, "sheets": tuple(record.get("sheets", ()))})
        except (OSError, ValueError, TypeError):
            raise KeyError(key) from None

    def choose_sheet(self, key: str, sheet: str) -> TableEntry:
        """Read another sheet of a workbook from now on.

        Raises
        ------
        KeyError
            There is no such table.
        UserError
            It has no such sheet.
        """
        entry = self.get(key)
        if sheet not in entry.sheets:
            raise UserError(f"{entry.name!r} has no sheet {sheet!r}")
        changed = replace(entry, source=with_sheet(split_sheet(entry.source)[0], sheet))
        self._write(folder_of(self.folder, key), changed)
        return changed

    def remove(self, key: str) -> None:
        """Remove a table and its file; nothing happens if there is none."""
        with suppress(KeyError):
            shutil.rmtree(self.folder / self.get(key).id, ignore_errors=True)

    def _copy(self, file: IO[bytes], path: Path) -> int:
        """Write the file, readable by this user alone, and return its size."""
        n_bytes = 0
        with path.open("xb") as target:
            path.chmod(0o600)
            while block := file.read(_BLOCK):
                if shutil.disk_usage(self.folder).free < _SPARE_BYTES:
                    raise UserError("the disk of the home folder is nearly full; make room first")
                target.write(block)
                n_bytes += len(block)
        return n_bytes

    def _write(self, place: Path, entry: TableEntry) -> None:
        partial = place / ".entry"
        partial.write_text(json.dumps(asdict(entry)), encoding="utf-8")
        partial.chmod(0o600)
        partial.replace(place / "entry.json")


def safe_name(name: str) -> str:
    """Return a name for a file: letters, digits, points, dashes; no folder, nothing hidden."""
    plain = _UNSAFE.sub("_", _last_part(name)).lstrip("._-")
    return plain[-_LONGEST_NAME:].lstrip("._-") or "table"


def _last_part(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].replace("\x00", "").strip() or "table"

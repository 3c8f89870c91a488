"""What an uploaded file is: a table, a workbook of several sheets, or an archive of pictures."""

from dataclasses import dataclass
from pathlib import Path

from espalier.infra.tables.picture_files.folders import is_picture_source
from espalier.infra.tables.sources import WORKBOOK, table_kind
from espalier.infra.tables.workbooks.names import ENDINGS as WORKBOOKS
from espalier.infra.tables.workbooks.reading import sheets_of
from espalier.pipelines.errors import UserError

ENDINGS = (
    *(".csv", ".tsv", ".txt", ".parquet", ".feather", ".arrow", ".jsonl", ".json"),
    *WORKBOOKS,
    ".zip",
)
"""What a file chooser offers; the text formats also with .gz, .bz2 or .xz."""
TABLE, PICTURES = "table", "pictures"
_ARCHIVE = ".zip"


@dataclass(frozen=True, slots=True)
class UploadKind:
    """What a file is.

    Attributes
    ----------
    kind : str
        `TABLE` or `PICTURES`.
    sheets : tuple of str
        The sheets of a workbook with several; empty otherwise.
    sheet : str or None
        The sheet that is read at first: the longest; None where there is nothing to choose.
    """

    kind: str = TABLE
    sheets: tuple[str, ...] = ()
    sheet: str | None = None


def require_format(shown: str, stored: str) -> None:
    """Refuse a file of a format that is not read, before it is stored.

    Raises
    ------
    UserError
        The ending is of none of the formats; the message names them.
    """
    if stored.lower().endswith(_ARCHIVE):
        return  # what is in it is seen once it is there
    try:
        table_kind(stored)
    except UserError:
        raise UserError(
            f"the format of {shown!r} is not read; give one of {', '.join(ENDINGS)} "
            "(text formats also as .gz)"
        ) from None


def kind_of_upload(path: Path, shown: str) -> UploadKind:
    """Return what a stored file is.

    Parameters
    ----------
    path : Path
        The file.
    shown : str
        What people call it.

    Raises
    ------
    UserError
        It is a workbook that cannot be read, or an archive of neither pictures nor a table.
    """
    source = str(path)
    if source.lower().endswith(_ARCHIVE):
        if is_picture_source(source):
            return UploadKind(kind=PICTURES)
        _require_packed_table(source, shown)
        return UploadKind()
    if table_kind(source) != WORKBOOK:
        return UploadKind()
    try:
        found = sheets_of(source, path.read_bytes())
    except UserError as error:
        raise UserError(str(error).replace(source, shown)) from None
    if len(found) < 2:
        return UploadKind()
    longest = max(found, key=lambda each: each.n_rows)
    return UploadKind(sheets=tuple(each.name for each in found), sheet=longest.name)


def _require_packed_table(source: str, shown: str) -> None:
    try:
        table_kind(source)
    except UserError:
        raise UserError(
            f"{shown!r} holds no pictures, and its name does not say of which format a table in it "
            "is; give an archive of folders of pictures, one folder a class, or name that of a "
            "table like rows.csv.zip"
        ) from None

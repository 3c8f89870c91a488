"""Folders and zip archives of pictures as tables.

A folder of class folders (``photos/cats/1.jpg``) or a zip archive of them is a table with a row per
picture: its path, and as label the folder that it lies in.
"""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from espalier.pipelines.errors import UserError
from espalier.pipelines.images.decoding import ENDINGS
from espalier.pipelines.redaction import redact_source

IMAGE, LABEL = "image", "label"
"""Columns of a table that was made of a folder: the path of each picture, and its class."""
_MOST_ENTRIES = 2_000_000
# What systems put beside the user's files.
_SKIPPED = ("__MACOSX", ".")


def is_picture_source(source: str) -> bool:
    """Whether a source is a local folder or zip archive of pictures, by the first file that counts.

    A folder of Parquet files is a table of its own kind.
    """
    if "://" in source or not os.path.exists(source):
        return False
    if os.path.isdir(source):
        first = next(_files(Path(source), (*ENDINGS, ".parquet", ".pq")), None)
        return first is not None and first.suffix.lower() in ENDINGS
    if not source.lower().endswith(".zip"):
        return False
    try:
        with zipfile.ZipFile(source) as archive:
            return any(_is_picture(name) for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def read_picture_source(source: str) -> pd.DataFrame:
    """Return a table with a row per picture, sorted by path: columns `IMAGE` and `LABEL`.

    The label is the folder that a picture lies in; where pictures lie directly in the source, as in
    a folder to predict, there is no column of labels.

    Raises
    ------
    UserError
        There is no picture.
    """
    root = Path(source).absolute()
    if root.is_dir():
        names = sorted(each.relative_to(root).as_posix() for each in _files(root, tuple(ENDINGS)))
    else:
        with zipfile.ZipFile(root) as archive:
            names = sorted(filter(_is_picture, archive.namelist()))
    if not names:
        raise UserError(
            f"{redact_source(source)!r} holds no pictures; name a folder that has one folder of "
            "pictures for each class"
        )
    table = pd.DataFrame({IMAGE: [str(root / name) for name in names]})
    parents = [PurePosixPath(name).parent.name for name in names]
    if all(parents):
        table[LABEL] = parents
    return table


def class_column(source: str) -> str | None:
    """Return the column with the classes of a folder of class folders; None of any other source."""
    return LABEL if is_picture_source(source) else None


def _files(root: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files with these endings below a folder, hidden ones left out."""
    n_seen = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith(_SKIPPED))
        for name in sorted(names):
            n_seen += 1
            if n_seen > _MOST_ENTRIES:
                raise UserError(f"{str(root)!r} holds more than {_MOST_ENTRIES:,} files")
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in endings:
                yield Path(folder) / name


def _is_picture(member: str) -> bool:
    """Whether a member of an archive is a picture that lies in it.

    A name that begins at the root or climbs up is that of a file elsewhere on this machine.
    """
    path = PurePosixPath(member)
    hidden = any(part.startswith(_SKIPPED) for part in path.parts)
    left_out = hidden or path.is_absolute() or member.endswith("/")
    return not left_out and path.suffix.lower() in ENDINGS

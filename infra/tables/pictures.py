"""Folders and zip archives of pictures as tables, and paths of pictures in tables.

A folder of class folders (``photos/cats/1.jpg``) or a zip archive of them is a table with a row per
picture: its path, and as label the folder that it lies in. In other tables, paths of pictures
start from the folder of the table's file, or from the one that the user names; they are made
absolute when a table is read, so that they mean the same from then on.
"""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from espalier.infra.access.form_limits import require_readable_file
from espalier.infra.access.origin import current_origin
from espalier.infra.settings import load_settings
from espalier.pipelines.errors import UserError
from espalier.pipelines.images.cells import looks_like_path
from espalier.pipelines.images.decoding import ENDINGS
from espalier.pipelines.redaction import redact_source

IMAGE, LABEL = "image", "label"
"""Columns of a table that was made of a folder: the path of each picture, and its class."""
_LOOKED_AT = 50
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
        raise UserError(f"{redact_source(source)!r} holds no pictures")
    table = pd.DataFrame({IMAGE: [str(root / name) for name in names]}, dtype=object)
    parents = [PurePosixPath(name).parent.name for name in names]
    if all(parents):
        table[LABEL] = pd.Series(parents, dtype=object)
    return table


def class_column(source: str) -> str | None:
    """Return the column with the classes of a folder of class folders; None of any other source."""
    return LABEL if is_picture_source(source) else None


def folder_of(source: str) -> str | None:
    """Return the folder that paths in a local table start from; None for any other source."""
    if "://" in source or not os.path.exists(source):
        return None
    place = Path(source).absolute()
    return str(place if place.is_dir() else place.parent)


def with_absolute_paths(table: pd.DataFrame, root: str | None) -> pd.DataFrame:
    """Return a table with the paths of existing pictures made absolute.

    Parameters
    ----------
    table : DataFrame
        Rows as they were read.
    root : str or None
        Folder or zip archive that relative paths start from; None to leave all as they are.

    Notes
    -----
    For whoever may not read every file (a form), paths to elsewhere become missing cells.
    """
    if root is None:
        return table
    base = Path(root).absolute()
    found = {}
    for position in range(table.shape[1]):
        column = table.iloc[:, position]
        if not (
            pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype)
        ):
            continue
        some = column.dropna().head(_LOOKED_AT)
        if len(some) and sum(map(looks_like_path, some)) > len(some) / 2:
            found[position] = [_absolute(cell, base) for cell in column]
    if not found:
        return table
    table = table.copy()
    for position, cells in found.items():
        table.isetitem(position, pd.Series(cells, dtype=object).to_numpy())
    return table


def _absolute(cell: object, base: Path) -> object:
    if not isinstance(cell, str) or not looks_like_path(cell) or cell.startswith("data:"):
        return cell
    place = base / cell.strip().replace("\\", "/")
    if current_origin().is_form:
        try:
            require_readable_file(str(place), load_settings())
        except UserError:
            return None
    try:
        is_there = place.exists() or base.suffix.lower() == ".zip"
    except (OSError, ValueError):  # too long, or a null character
        return cell
    return str(place) if is_there else cell


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
    path = PurePosixPath(member)
    hidden = any(part.startswith(_SKIPPED) for part in path.parts)
    return not member.endswith("/") and not hidden and path.suffix.lower() in ENDINGS

"""The cells of a picture column: paths, bytes, data URIs, arrays of pixels, and their contents."""

import base64
import binascii
import io
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.cell_display import quoted_cell
from espalier.pipelines.images.decoding import (
    ENDINGS,
    MOST_BYTES,
    PictureError,
    is_picture,
    open_upright,
)

DATA_URI = "data:image/"
_LOOKED_AT = 1_000
_LARGEST = f"the file is larger than {MOST_BYTES >> 20} MiB"
# Side of the pictures that a model carries with it as examples.
_CARRIED_PIXELS = 320


@dataclass(frozen=True, slots=True)
class PictureFiles:
    """Finds the content of cells.

    Attributes
    ----------
    root : str
        Folder (or zip archive) that relative paths start from; empty for the working folder. A
        path that is not below it is looked for in the working folder.
    """

    root: str = ""

    def load(self, cell: Any) -> bytes | str:
        """Return the bytes of a cell's picture file, or why there are none.

        Parameters
        ----------
        cell : object
            A path (also of a file in a zip archive: ``photos.zip/cats/1.jpg``), the bytes of a
            file, a data URI (``data:image/png;base64,...``), an array of pixels, shape (height,
            width), (height, width, 3) or 4, or a picture of Pillow.
        """
        if isinstance(cell, bytes | bytearray | memoryview):
            return bytes(cell)
        if isinstance(cell, str | Path):
            text = str(cell).strip()
            return _of_uri(text) if text.startswith(DATA_URI) else self._read(text)
        return _of_pixels(cell)

    def _read(self, path: str) -> bytes | str:
        for place in self._places(path):
            try:
                if place.is_file():
                    return _read_file(place)
                archive = _archive_of(place)
                if archive is not None:
                    content = _read_member(archive, place.relative_to(archive).as_posix())
                    if content is not None:
                        return content
            except OSError as error:
                return f"the file cannot be read: {error.strerror or type(error).__name__}"
            except ValueError:  # such as a null character in the path
                return "it is no path"
        return "there is no such file"

    def _places(self, path: str) -> list[Path]:
        given = Path(path.replace("\\", "/"))
        if given.is_absolute() or not self.root:
            return [given]
        return [Path(self.root) / given, given]


def first_cells(column: "pd.Series[Any]", most: int) -> list[Any]:
    """Return the first cells of a column that are present, without looking at all of a long one."""
    some = column.head(_LOOKED_AT).dropna()
    return (some if len(some) else column.dropna()).head(most).tolist()


def looks_like_path(cell: Any) -> bool:
    """Whether a cell is the name of a picture file, by its ending, or a data URI of one."""
    if not isinstance(cell, str | Path):
        return False
    text = str(cell).strip()
    if text.startswith(DATA_URI):
        return True
    return len(text) < 1_000 and PurePosixPath(text.replace("\\", "/")).suffix.lower() in ENDINGS


def looks_like_content(cell: Any) -> bool:
    """Whether a cell holds a picture itself: bytes of a known format, or a picture of Pillow."""
    if isinstance(cell, bytes | bytearray):
        return is_picture(bytes(cell[:16]))
    return type(cell).__module__.startswith("PIL.") and hasattr(cell, "getbands")


def shown_cell(cell: Any) -> str:
    """Return a cell for a message: its path, or ``its content`` if it holds the picture itself."""
    if not isinstance(cell, str) or cell.startswith("data:"):
        return "its content"
    return repr(quoted_cell(cell))


def carried(content: bytes) -> str | None:
    """Return a picture as a small data URI, which needs no file any more; None if it is of no use.

    Parameters
    ----------
    content : bytes
        The content of a picture file.
    """
    try:
        picture = open_upright(content, least=_CARRIED_PIXELS)
    except PictureError:
        return None
    picture.thumbnail((_CARRIED_PIXELS, _CARRIED_PIXELS))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90)
    return f"{DATA_URI}jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _of_uri(text: str) -> bytes | str:
    head, _, body = text.partition(",")
    if not head.endswith(";base64"):
        return "a data URI must be in base64"
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return "its base64 is damaged"


def _of_pixels(cell: Any) -> bytes | str:
    """Return pixels as the bytes of a PNG file, which are the same for the same pixels."""
    from PIL import Image

    try:
        picture = cell
        if not isinstance(cell, Image.Image):
            pixels = np.asarray(cell)
            if pixels.dtype.kind == "f" and pixels.size and pixels.max() <= 1.0:
                pixels = pixels * 255.0
            picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()
    except Exception as error:  # anything may be in a cell
        return f"it is no picture: {' '.join(str(error).split())[:60]}"


def _read_file(place: Path) -> bytes | str:
    if place.stat().st_size > MOST_BYTES:
        return _LARGEST
    return place.read_bytes()


def _archive_of(place: Path) -> Path | None:
    """Return the zip archive that a path leads into; None if it leads into none."""
    return next(
        (each for each in place.parents if each.suffix.lower() == ".zip" and each.is_file()), None
    )


def _read_member(archive: Path, name: str) -> bytes | str | None:
    """Return the content of a file in an archive; None if it is not there.

    What the archive says of the size is not trusted: no more than that is unpacked.
    """
    try:
        opened = _opened(archive, archive.stat().st_mtime_ns)
        with opened.open(name) as member:
            content = member.read(MOST_BYTES + 1)
    except KeyError:
        return None
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        return f"the archive cannot be read: {' '.join(str(error).split())[:60]}"
    return _LARGEST if len(content) > MOST_BYTES else content


@lru_cache(maxsize=2)
def _opened(archive: Path, _changed: int) -> zipfile.ZipFile:
    return zipfile.ZipFile(archive)

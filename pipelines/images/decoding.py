"""Decode a picture of any kind into pixels, with bounded memory and without ever crashing.

Files come from anywhere: cut off, of a hundred megapixels, in CMYK or 16 bit, lying on their side,
moving, or no picture at all. What cannot be used is refused with a reason of a few words.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_BYTES = 64 << 20
"""Largest file that is read."""
MOST_PIXELS = 50_000_000
"""Most pixels that are decoded; of a JPEG those that are left after it was scaled down."""
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "MPO", "ICO")
"""Formats whose decoders are opened; others, such as PostScript, start further programs."""
ENDINGS = frozenset(
    {
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".tif", ".tiff",
        ".webp", ".ppm", ".pgm", ".pbm", ".pnm", ".mpo", ".ico",
    }
)  # fmt: skip
"""Endings of picture files, in lower case."""
# How a file of a known format begins.
_BEGINNINGS = (
    b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*",
    b"P4", b"P5", b"P6", b"\0\0\x01\0",
)  # fmt: skip
_REDUCIBLE = ("L", "LA", "RGB", "RGBA", "CMYK")
_WHITE = (255, 255, 255)


class PictureError(ValueError):
    """A picture that cannot be used; the message is the reason in a few words."""


class _Quiet:
    """Ignores warnings while any thread is inside.

    Their filters are those of the whole process: if each of several threads put back what it found,
    the last one might put back that all are ignored, for good.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._n_inside = 0
        self._before = warnings.catch_warnings()

    @contextmanager
    def warnings(self) -> Iterator[None]:
        """Ignore warnings in this block."""
        with self._lock:
            if not self._n_inside:
                self._before = warnings.catch_warnings()
                self._before.__enter__()
                warnings.simplefilter("ignore")
            self._n_inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_inside -= 1
                if not self._n_inside:
                    self._before.__exit__(None, None, None)


_QUIET = _Quiet()


def is_picture(data: bytes) -> bool:
    """Whether bytes begin like a file of a known picture format."""
    return data.startswith(_BEGINNINGS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def decode(data: bytes, pixels: int) -> NDArray[np.uint8]:
    """Return a picture as a square of colours, shape (pixels, pixels, 3).

    It is turned upright by its camera's note, the first frame of a moving one is taken, what is
    transparent becomes white, and both sides are scaled to the same length, so that nothing is cut
    off.

    Parameters
    ----------
    data : bytes
        The content of a picture file.
    pixels : int
        Side of the square.

    Raises
    ------
    PictureError
        It cannot be used.
    """
    from PIL.Image import Resampling

    picture = open_upright(data, least=2 * pixels)
    square = picture.resize((pixels, pixels), Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(square, dtype=np.uint8)


def decode_or_reason(data: bytes, pixels: int) -> NDArray[np.uint8] | str:
    """Return what `decode` does, or in a few words why the picture cannot be used."""
    try:
        return decode(data, pixels)
    except PictureError as error:
        return str(error)


def open_upright(data: bytes, *, least: int) -> "Image":
    """Return a picture in RGB, upright, of its first frame.

    Parameters
    ----------
    data : bytes
        The content of a picture file.
    least : int
        Sides that are wanted: a JPEG may be decoded at a fraction of its size that is not below.

    Raises
    ------
    PictureError
        It cannot be used.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not data:
        raise PictureError("the file is empty")
    if len(data) > MOST_BYTES:
        raise PictureError(f"the file is larger than {MOST_BYTES >> 20} MiB")
    # Of large pictures and odd metadata: the first is decided here, the second does not matter.
    with _QUIET.warnings():
        try:
            picture: Any = Image.open(io.BytesIO(data), formats=_known_formats())
            picture.draft("RGB", (least, least))
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise PictureError(f"it has {width * height / 1e6:,.0f} million pixels")
            picture.seek(0)
            picture.load()
            ImageOps.exif_transpose(picture, in_place=True)
            factor = min(picture.size) // (2 * least)
            if factor > 1 and picture.mode in _REDUCIBLE:  # before copies of it are made
                picture = picture.reduce(factor)
            return _in_colour(picture)
        except PictureError:
            raise
        except Image.DecompressionBombError:
            raise PictureError("it has too many pixels") from None
        except UnidentifiedImageError:
            raise PictureError("it is no picture of a known format") from None
        except Exception as error:  # decoders raise all kinds of exceptions on damaged files
            said = " ".join(str(error).split())[:80] or type(error).__name__
            raise PictureError(f"it cannot be decoded: {said}") from None


@lru_cache(maxsize=1)
def _known_formats() -> tuple[str, ...]:
    """Return the formats that this Pillow opens."""
    from PIL import Image

    Image.init()  # otherwise only the commonest are there
    return tuple(each for each in FORMATS if each in Image.OPEN)


def _in_colour(picture: "Image") -> "Image":
    """Return a picture of any mode in RGB."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(picture))).convert("RGB")
    if "A" in picture.getbands() or "transparency" in picture.info:
        clear = picture.convert("RGBA")
        ground = Image.new("RGBA", clear.size, (*_WHITE, 255))
        return Image.alpha_composite(ground, clear).convert("RGB")
    return picture.convert("RGB")


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return grey values of 16 or 32 bits or floats as bytes.

    16 bits are shifted, so that all pictures of a camera keep one scale; what is on no known scale
    is stretched from its lowest to its highest value.
    """
    numbers = np.nan_to_num(values.astype(np.float64))
    if np.issubdtype(values.dtype, np.integer) and numbers.min() >= 0 and numbers.max() < 65_536:
        if values.dtype.itemsize == 4 and numbers.max() < 256:
            return numbers.astype(np.uint8)
        return (numbers / 257.0).astype(np.uint8)
    low, high = float(numbers.min()), float(numbers.max())
    return ((numbers - low) * (255.0 / max(high - low, 1e-12))).astype(np.uint8)

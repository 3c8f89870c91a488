"""Pictures of every kind become pixels, or are refused with a reason; nothing crashes."""

import io
import struct
import threading
import warnings
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from espalier.pipelines.images import decoding as module
from espalier.pipelines.images.decoding import PictureError, decode, is_picture
from tests.picture_maker import as_bytes, shape_picture

RED_LEFT = np.zeros((40, 60, 3), dtype=np.uint8)
RED_LEFT[:, :30, 0] = 200


def _left_and_right(pixels):
    return pixels[:, : pixels.shape[1] // 3].mean((0, 1)), pixels[:, -pixels.shape[1] // 3 :].mean(
        (0, 1)
    )


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("PNG", {}), ("BMP", {}), ("TIFF", {}), ("WEBP", {}), ("GIF", {}), ("PPM", {})],
)
def test_every_format_gives_the_same_picture(kind, options):
    content = as_bytes(Image.fromarray(RED_LEFT), kind, **options)
    assert is_picture(content)
    pixels = decode(content, 30)
    assert pixels.shape == (30, 30, 3)
    assert pixels.dtype == np.uint8
    left, right = _left_and_right(pixels)
    assert left[0] > 180
    assert right.max() < 20


def test_cmyk_palette_and_grey_become_colours():
    picture = Image.fromarray(RED_LEFT)
    for content in (
        as_bytes(picture.convert("CMYK"), "JPEG"),
        as_bytes(picture.convert("P"), "PNG"),
    ):
        left, right = _left_and_right(decode(content, 30))
        assert left[0] > 150
        assert right.max() < 40
    grey = decode(as_bytes(picture.convert("L")), 30)
    assert (grey[..., 0] == grey[..., 2]).all()


def test_sixteen_bits_keep_their_scale():
    values = np.full((20, 20), 30_000, dtype=np.uint16)
    pixels = decode(as_bytes(Image.fromarray(values)), 10)
    assert abs(int(pixels[5, 5, 0]) - 30_000 // 257) <= 1
    floats = np.linspace(-1.0, 1.0, 400, dtype=np.float32).reshape(20, 20)
    pixels = decode(as_bytes(Image.fromarray(floats), "TIFF"), 20)
    assert pixels.min() < 10
    assert pixels.max() > 245


def test_what_is_transparent_is_white():
    clear = np.zeros((10, 10, 4), dtype=np.uint8)
    assert (decode(as_bytes(Image.fromarray(clear)), 8) == 255).all()


def test_a_camera_held_upright_is_turned():
    picture = Image.fromarray(RED_LEFT)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to the right
    large = picture.resize((900, 600))  # which is reduced first
    for content in (
        as_bytes(picture, "JPEG", exif=exif),
        as_bytes(large, "JPEG", exif=exif),
        as_bytes(large, "PNG", exif=exif),
        as_bytes(large, "TIFF", exif=exif),
    ):
        pixels = decode(content, 30)
        assert pixels[:10].mean((0, 1))[0] > 180
        assert pixels[-10:].mean() < 20


def test_the_first_frame_of_a_moving_picture():
    frames = [Image.fromarray(RED_LEFT), Image.fromarray(255 - RED_LEFT)]
    content = as_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:])
    left, _ = _left_and_right(decode(content, 30))
    assert left[0] > 180


def test_a_huge_jpeg_is_decoded_at_a_fraction_of_its_size():
    content = as_bytes(Image.new("L", (10_000, 10_000), 90), "JPEG")
    assert abs(int(decode(content, 64)[30, 30, 0]) - 90) < 4


def _bomb(width, height):
    """Return a PNG that claims a size and holds next to nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        checked = name + body
        content += struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))
    return content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"these are words", "no picture"),
        (as_bytes(shape_picture("disc", 0), "JPEG")[:400], "cannot be decoded|no picture"),
        (as_bytes(shape_picture("disc", 0))[:600], "cannot be decoded"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "no picture"),
        (_bomb(10_000, 10_000), "million pixels"),
        (_bomb(60_000, 60_000), "pixels"),
        (_bomb(100, 100), "cannot be decoded"),
        (b"\0" * (65 << 20), "larger than 64 MiB"),
    ],
    ids=["empty", "words", "cut jpeg", "cut png", "postscript", "100 mp", "bomb", "hollow", "long"],
)
def test_what_cannot_be_used_is_refused_with_a_reason(content, reason):
    with pytest.raises(PictureError, match=reason):
        decode(content, 32)


def test_no_bytes_crash_the_decoder():
    rng = np.random.default_rng(0)
    whole = as_bytes(shape_picture("disc", 1), "JPEG")
    for _ in range(60):
        damaged = bytearray(whole)
        for at in rng.integers(0, len(damaged), 20):
            damaged[at] = int(rng.integers(0, 256))
        with suppress(PictureError):
            assert decode(bytes(damaged), 16).shape == (16, 16, 3)


def test_a_text_is_no_picture():
    assert not is_picture(b"BORN in 1990"[1:])
    assert not is_picture(io.BytesIO(b"RIFF....WAVE").getvalue())


def test_threads_leave_the_warnings_of_others_as_they_were(monkeypatch):
    content = as_bytes(shape_picture("disc", 1))
    real = module._in_colour
    first_in, second_in, first_out = (threading.Event() for _ in range(3))
    waited = []

    def overlapping(picture):  # the second begins before the first ends, and ends after it
        if threading.current_thread() is first:
            first_in.set()
            waited.append(second_in.wait(10))
        else:
            second_in.set()
            waited.append(first_out.wait(10))
        return real(picture)

    monkeypatch.setattr(module, "_in_colour", overlapping)
    first, second = (threading.Thread(target=decode, args=(content, 16)) for _ in range(2))
    before = list(warnings.filters)
    first.start()
    waited.append(first_in.wait(10))
    second.start()
    first.join()
    first_out.set()
    second.join()
    assert waited == [True] * 3
    assert list(warnings.filters) == before

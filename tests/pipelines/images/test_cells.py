"""The cells of a picture column lead to the same content, however they are written."""

import base64
import zipfile

import numpy as np
import pytest

from espalier.pipelines.images.cells import (
    PictureFiles,
    carried,
    looks_like_content,
    looks_like_path,
)
from espalier.pipelines.images.decoding import decode
from tests.picture_maker import as_bytes, shape_picture

CONTENT = as_bytes(shape_picture("disc", 3))


@pytest.fixture
def root(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(CONTENT)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("b/2.png", CONTENT)
        archive.writestr("large.png", b"\0" * (65 << 20), zipfile.ZIP_DEFLATED)
    return tmp_path


def test_paths_bytes_uris_and_archives_are_the_same_picture(root, monkeypatch):
    monkeypatch.chdir(root)
    uri = f"data:image/png;base64,{base64.b64encode(CONTENT).decode()}"
    inside = PictureFiles(str(root / "all.zip"))
    for files, cell in (
        (PictureFiles(), str(root / "a" / "1.png")),
        (PictureFiles(), "a/1.png"),
        (PictureFiles(str(root)), "a\\1.png"),
        (PictureFiles(str(root / "elsewhere")), "a/1.png"),
        (PictureFiles(), CONTENT),
        (PictureFiles(), uri),
        (PictureFiles(), str(root / "all.zip" / "b" / "2.png")),
        (inside, "b/2.png"),
    ):
        assert files.load(cell) == CONTENT, cell


def test_arrays_and_pictures_are_content_too():
    picture = shape_picture("square", 1)
    for cell in (picture, np.asarray(picture), np.asarray(picture) / 255.0):
        content = PictureFiles().load(cell)
        assert isinstance(content, bytes)
        assert abs(decode(content, 48).astype(int) - np.asarray(picture)).max() <= 1


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("nowhere.png", "no such file"),
        ("all.zip/b/3.png", "no such file"),
        ("all.zip/large.png", "larger than 64 MiB"),
        ("data:image/png,abc", "base64"),
        ("data:image/png;base64,!!!", "damaged"),
        ("a\0b.png", "no path|no such file"),
        ({"not": "a picture"}, "no picture"),
        (np.zeros((2, 2, 2, 2)), "no picture"),
    ],
)
def test_what_leads_nowhere_has_a_reason(root, monkeypatch, cell, reason):
    import re

    monkeypatch.chdir(root)
    said = PictureFiles().load(cell)
    assert isinstance(said, str)
    assert re.search(reason, said)


def test_a_folder_is_no_picture(root):
    assert PictureFiles().load(str(root / "a")) == "there is no such file"


def test_what_looks_like_a_picture():
    assert all(map(looks_like_path, ["a/b.JPG", "x.webp", "data:image/png;base64,AA"]))
    assert not any(map(looks_like_path, ["a.csv", "jpg", "", 3.0, None, "a. jpg is nice"]))
    assert looks_like_content(CONTENT)
    assert looks_like_content(shape_picture("disc", 0))
    assert not looks_like_content(b"words")


def test_an_example_needs_no_file():
    small = carried(as_bytes(shape_picture("disc", 0, side=900)))
    assert small is not None
    assert len(small) < 60_000
    content = PictureFiles().load(small)
    assert isinstance(content, bytes)
    assert decode(content, 32).shape == (32, 32, 3)
    assert carried(b"nothing") is None

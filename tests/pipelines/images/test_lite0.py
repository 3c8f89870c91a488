"""The network that Espalier ships sees the same in a picture, whatever stands beside it."""

import hashlib

import numpy as np

from espalier.pipelines.frozen.network import open_session
from espalier.pipelines.images.decoding import decode
from espalier.pipelines.images.lite0 import FILE, WIDTH, WIDTH_WHAT, Lite0, _by_place, _edges
from espalier.pipelines.images.looks import Look
from tests.picture_maker import as_bytes, shape_picture

DIGEST = "7e0d135a9aabc63e89189d1b19654804055af5403794e6e4fab704c791b3efad"


def test_the_weights_are_those_that_the_build_makes():
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() == DIGEST
    assert Lite0(Look(160)).identity != Lite0(Look(128)).identity
    assert DIGEST[:16] in Lite0().identity


def test_a_vector_does_not_depend_on_the_others():
    contents = [as_bytes(shape_picture(kind, 1)) for kind in ("disc", "square")]
    network = Lite0(Look(64))
    together = network.embed([contents[0], b"nothing", contents[1]])
    assert isinstance(together[1], str)
    for content, vector in zip(contents, (together[0], together[2]), strict=True):
        assert vector.shape == (WIDTH,)
        np.testing.assert_allclose(network.embed([content])[0], vector, atol=1e-4)
    assert np.abs(together[0] - together[2]).max() > 0.1


def test_what_is_where_is_told_by_the_places():
    left, right = shape_picture("disc", 1), shape_picture("disc", 1)
    right = right.transpose(0)  # mirrored
    a, b = Lite0(Look(96)).embed([as_bytes(left), as_bytes(right)])
    what = np.abs(a[:WIDTH_WHAT] - b[:WIDTH_WHAT]).mean() / a[:WIDTH_WHAT].std()
    where = np.abs(a[WIDTH_WHAT:] - b[WIDTH_WHAT:]).mean() / a[WIDTH_WHAT:].std()
    assert where > what


def test_what_is_in_a_picture_is_the_mean_over_its_cuts():
    picture = as_bytes(shape_picture("disc", 0, side=128))
    close = Look(64, 2)
    several = Lite0(close).embed([picture])[0]
    pixels = close.cuts(decode(picture, close.decoded))
    session = open_session(FILE)
    what, where = session.run(["features", "map"], {"pixels": pixels})
    assert np.allclose(several[:WIDTH_WHAT], what.mean(axis=0), atol=1e-4)
    assert np.allclose(several[WIDTH_WHAT:], _by_place(where)[0], atol=1e-4)


def test_maps_of_any_size_are_cut_into_places():
    for length in range(1, 9):
        edges = _edges(length)
        assert len(edges) == 3
        assert all(0 <= start < end <= length for start, end in edges)
        assert set().union(*(range(*each) for each in edges)) == set(range(length))
    maps = np.arange(2 * 192 * 3 * 3, dtype=np.float32).reshape(2, 192, 3, 3)
    np.testing.assert_array_equal(_by_place(maps)[0, :192], maps[0, :, 0, 0])

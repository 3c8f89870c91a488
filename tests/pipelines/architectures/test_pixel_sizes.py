"""Pictures become smaller by means over areas."""

import numpy as np

from espalier.pipelines.architectures.pixel_sizes import shrunk


def test_whole_areas_are_averaged():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (5, 2, 12, 12, 3)).astype(np.uint8)
    expected = pixels.reshape(5, 2, 4, 3, 4, 3, 3).mean(axis=(3, 5))
    np.testing.assert_allclose(shrunk(pixels, 4), np.rint(expected), atol=1)


def test_parts_of_pixels_count_in_part():
    pixels = np.zeros((1, 1, 3, 3, 3), dtype=np.uint8)
    pixels[..., 0, :] = 90  # the left third
    assert shrunk(pixels, 2)[0, 0, :, :, 0].tolist() == [[60, 0], [60, 0]]


def test_a_plain_picture_stays_plain_and_a_small_one_stays():
    pixels = np.full((3, 1, 17, 17, 3), 201, dtype=np.uint8)
    assert (shrunk(pixels, 8) == 201).all()
    assert shrunk(pixels, 17) is pixels
    assert shrunk(pixels, 40) is pixels

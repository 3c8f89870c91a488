"""How closely pictures are looked at."""

import numpy as np
import pytest

from espalier.pipelines.images.looks import BEST_LOOK, LOOKS, SCALES, Look


def test_looks_go_from_the_best_to_the_quickest():
    assert LOOKS[0] == BEST_LOOK
    costs = [each.cost for each in LOOKS]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] == 1.0


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_is_read_from_its_name(look):
    assert Look.parse(str(look)) == look


def test_cuts_lie_around_the_middle():
    look = Look(8, len(SCALES))
    assert look.decoded == 16  # the cut of half the width is not enlarged
    picture = np.zeros((16, 16, 3), dtype=np.uint8)
    picture[4:12, 4:12] = 255
    cuts = look.cuts(picture)
    assert cuts.shape == (3, 8, 8, 3)
    assert cuts[-1].min() == 255  # the half around the middle is all white
    means = [float(each.mean()) for each in cuts]
    assert means == sorted(means)
    assert means[0] == pytest.approx(255 / 4, rel=0.05)


def test_a_picture_seen_as_a_whole_is_left_as_it_is():
    picture = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)
    assert np.array_equal(Look(4).cuts(picture), picture[np.newaxis])

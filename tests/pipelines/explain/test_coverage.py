"""Coverage of intervals whose law is known."""

import numpy as np
import pytest

from espalier.pipelines.explain.coverage import LEVELS, coverages


def test_the_share_inside_and_the_width_are_counted():
    truth = np.arange(100.0)

    def bounds(level):
        off = np.where(truth < 100 * level, 1.0, -1.0)
        return truth, truth - off, truth + np.abs(off)

    found = coverages(truth, bounds)
    assert [each.asked for each in found] == list(LEVELS)
    assert [each.covered for each in found] == pytest.approx(list(LEVELS))
    assert found[0].width == pytest.approx(1.0)
    assert [share for *_, share in found[0].by_size] == pytest.approx([1.0, 16 / 33, 0.0])
    assert found[0].by_size[0][:2] == (0.0, 33.0)


def test_of_few_rows_there_are_no_parts():
    truth = np.arange(20.0)
    assert coverages(truth, lambda _: (truth, truth, truth))[0].by_size == ()

"""Pixels of several pictures are stacked; those that are missing are grey."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.architectures.pixel_arrays import PixelArrays
from espalier.pipelines.data.parsing.roles import ColumnRole

ROLES = {"a": ColumnRole.PIXELS, "n": ColumnRole.NUMERIC, "b": ColumnRole.PIXELS}


def column(*values):
    cells = np.full(len(values), np.nan, dtype=object)
    for row, value in enumerate(values):
        if value is not None:
            cells[row] = np.full(4 * 4 * 3, value, dtype=np.uint8)
    return cells


def test_pictures_stand_side_by_side():
    X = pd.DataFrame({"a": column(1, 2, None), "n": 0.0, "b": column(7, None, 9)})
    found = PixelArrays(ROLES).fit_transform(X, np.zeros(3))
    assert found.shape == (3, 2, 4, 4, 3)
    assert found.dtype == np.uint8
    assert found[:, :, 0, 0, 0].tolist() == [[1, 7], [2, 127], [127, 9]]


def test_without_any_picture_there_is_nothing_to_learn():
    X = pd.DataFrame({"a": column(None, None), "n": 0.0, "b": column(None, None)})
    with pytest.raises(ValueError, match="none of these rows has a picture"):
        PixelArrays(ROLES).fit(X, np.zeros(2))

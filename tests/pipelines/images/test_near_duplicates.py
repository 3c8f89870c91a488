"""Almost equal pictures on both sides of a split are found; pictures of one kind are not."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.automl.frozen_features import FrozenFeatures
from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.images.looks import Look
from espalier.pipelines.images.near_duplicates import (
    AverageHash,
    NearDuplicates,
    average_hash,
    near_duplicates,
)
from espalier.pipelines.resources.budget import Deadline
from tests.picture_maker import as_bytes, shape_picture


@pytest.fixture
def split():
    """Thirty search rows and ten hold-out rows; two of these were saved again, one scaled."""
    pictures = [shape_picture("disc" if at % 2 else "square", at, 64) for at in range(40)]
    cells = [as_bytes(each) for each in pictures]
    cells[33] = as_bytes(pictures[4], "JPEG", quality=80)
    cells[38] = as_bytes(pictures[11].resize((48, 48)))
    table = pd.DataFrame({"photo": cells, "kind": ["disc", "square"] * 20})
    made = assemble(
        table, target="kind", frozen=FrozenFeatures(image_columns=("photo",), image_look=Look(64))
    )
    return table, made, np.arange(30), np.arange(30, 40)


def test_pictures_saved_again_or_scaled_are_found(split):
    table, made, search, holdout = split
    (found,) = near_duplicates(table, made.dataset, made.preparation, search, holdout)
    assert (found.column, found.n_rows) == ("photo", 2)
    assert 8 <= found.n_compared <= 10  # those whose hash says something
    assert f"2 of {found.n_compared} hold-out rows have a picture in 'photo'" in str(found)
    assert "group column" in str(found)


def test_other_pictures_of_one_kind_are_not(split):
    table, made, search, _ = split
    assert near_duplicates(table, made.dataset, made.preparation, search[:20], search[20:]) == ()


def test_what_is_not_reached_in_time_is_not_compared(split):
    table, made, search, holdout = split
    late = Deadline.after(-1.0)
    found = near_duplicates(table, made.dataset, made.preparation, search, holdout, deadline=late)
    assert found == () or found[0].n_rows == 2  # known from before


def test_a_hash_says_which_places_are_light():
    colours, fault = AverageHash().embed([as_bytes(shape_picture("square", 3, 64)), b"nothing"])
    assert colours.shape == (192,)
    assert 0 < average_hash(colours).sum() < 64
    assert "no picture" in fault


def test_a_picture_in_its_cell_is_not_written_into_the_message():
    uri = "data:image/png;base64," + "A" * 9
    found = NearDuplicates(column="photo", n_rows=1, n_compared=2, first=(uri, "cats/1.jpg"))
    assert "(its content and 'cats/1.jpg')" in str(found)

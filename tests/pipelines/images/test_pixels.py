"""Pixels of picture columns: where they are added, at which side, and what is said if not."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.leakage import count_duplicates, scan_leakage
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.prepare import prepare
from espalier.pipelines.images import pixels as module
from espalier.pipelines.images.columns import read_pictures
from espalier.pipelines.images.decoding import decode
from espalier.pipelines.images.looks import Look
from espalier.pipelines.images.pixels import PixelReading, affordable_side, with_pixels
from espalier.pipelines.metafeatures.profile import profile
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from tests.picture_maker import as_bytes, class_folders, shape_picture


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = class_folders(tmp_path_factory.mktemp("data") / "shapes", 6)
    paths = sorted(each.relative_to(root).as_posix() for each in root.rglob("*.png"))
    return pd.DataFrame({"path": paths, "size": np.arange(len(paths)) % 5.0}), str(root)


@pytest.fixture
def prepared(pictures):
    table, root = pictures
    planned = read_pictures(table, ["path"], root=root, look=Look(64)).planned
    return table, *prepare(table, target=None, given=planned)


@pytest.fixture
def deep(monkeypatch):
    monkeypatch.setattr(module, "has_deep", lambda: True)


def test_pixels_are_those_of_the_file(pictures):
    table, root = pictures
    series = pd.Series([table["path"][0], None, "nowhere.png", b"no picture"])
    cells = PixelReading(24, root).read(series)
    content = as_bytes(shape_picture("disc", 0))
    np.testing.assert_array_equal(cells[0], decode(content, 24).ravel())
    assert cells[0].dtype == np.uint8
    assert pd.isna(cells[1:]).all()


def test_pixels_become_a_column_that_a_later_table_gets_too(prepared, deep):
    table, preparation, features = prepared
    extended, more = with_pixels(table, preparation, features, seconds=None)
    assert extended.roles["pixels of path"] is ColumnRole.PIXELS
    assert extended.columns == ("path", "size")
    again = extended.apply(table)
    for name in more:
        for first, second in zip(more[name], again[name], strict=True):
            np.testing.assert_array_equal(first, second)


def test_the_rest_of_the_house_takes_such_a_table(prepared, deep):
    table, preparation, features = prepared
    extended, more = with_pixels(table, preparation, features, seconds=None)
    y = np.arange(len(table)) % 2
    data, before = (
        Dataset(X=X, y=y, problem=ProblemKind.BINARY, roles=each.roles, classes=np.arange(2))
        for X, each in ((more, extended), (features, preparation))
    )
    assert data.shape.n_pixels == 1
    assert data.shape.pixel_side == 64
    assert data.shape.n_numeric == before.shape.n_numeric == 1
    assert data.n_bytes - before.n_bytes >= len(table) * 64 * 64 * 3
    # Tables are compared by what they were before.
    assert profile(data, seed=0) == profile(before, seed=0)
    assert [each.column for each in scan_leakage(data, 0)] == [
        each.column for each in scan_leakage(before, 0)
    ]
    rows = np.arange(len(table))
    assert count_duplicates(data, rows[:6], rows[6:]) == 0
    assert count_duplicates(data, rows, rows) == len(rows)


def test_nothing_is_added_without_pictures(deep):
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0]})
    preparation, features = prepare(table, target=None)
    assert with_pixels(table, preparation, features, seconds=60.0) == (preparation, features)


def test_without_the_extra_a_line_says_what_to_install(prepared, monkeypatch):
    table, preparation, features = prepared
    monkeypatch.setattr(module, "has_deep", lambda: False)
    extended, same = with_pixels(table, preparation, features, seconds=60.0)
    assert same is features
    (note,) = extended.notes[len(preparation.notes) :]
    assert "'path'" in note
    assert "espalier[deep]" in note


def test_where_time_is_short_the_search_goes_on_without(prepared, deep):
    table, preparation, features = prepared
    passed = Deadline.after(-1.0)
    # More pictures than are looked at without a deadline.
    found = with_pixels(table, preparation, features, seconds=60.0, deadline=passed)
    assert found == (preparation, features)
    assert with_pixels(table, preparation, features, seconds=0.0)[1] is features


def test_the_side_follows_the_time_and_the_memory():
    assert affordable_side(1_500, 1, None) == 64
    assert affordable_side(1_500, 1, 60.0) == 16
    assert affordable_side(1_500, 1, 300.0) == 48
    assert affordable_side(1_500, 4, 60.0) == 0
    assert affordable_side(100_000, 1, 300.0) == 0
    assert affordable_side(100_000, 1, None) == 24
    assert module.MOST_BYTES >= 3 * 24**2 * 100_000


def test_networks_alone_see_more_and_something_in_any_case():
    assert affordable_side(1_500, 1, 60.0, alone=True) == 24
    assert affordable_side(5_000, 1, 60.0, alone=True) == 16
    assert affordable_side(100_000, 1, 60.0, alone=True) == 16
    assert affordable_side(10_000_000, 1, 60.0, alone=True) == 0  # the memory has its bound

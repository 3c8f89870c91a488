"""Columns of pictures are found, read once, and told of where something is wrong."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.frozen.store import VectorStore
from espalier.pipelines.images import columns as module
from espalier.pipelines.images import in_time
from espalier.pipelines.images.columns import (
    affordable_look,
    find_picture_columns,
    less_closely,
    read_pictures,
)
from espalier.pipelines.images.in_time import training_pictures
from espalier.pipelines.images.lite0 import WIDTH
from espalier.pipelines.images.looks import BEST_LOOK, LOOKS, Look
from espalier.pipelines.resources.budget import Deadline
from tests.picture_maker import as_bytes, class_folders, shape_picture


@pytest.fixture
def table(tmp_path):
    root = class_folders(tmp_path / "shapes", 5)
    paths = sorted(each.relative_to(root).as_posix() for each in root.rglob("*.png"))
    return pd.DataFrame(
        {
            "path": paths,
            "bytes": [as_bytes(shape_picture("disc", at)) for at in range(len(paths))],
            "note": ["see a.png" for _ in paths],
            "lost": [f"archive/{at}.jpg" for at in range(len(paths))],
            "number": np.arange(len(paths)) % 3,
        }
    ), str(root)


def test_paths_of_files_and_bytes_are_recognised(table):
    rows, root = table
    assert find_picture_columns(rows, None, root=root) == ("path", "bytes")
    # Names of files that are nowhere are words.
    assert find_picture_columns(rows, None) == ("bytes",)
    assert find_picture_columns(rows, None, root=root, leave_out=("bytes",)) == ("path",)
    assert find_picture_columns(rows, ["lost"]) == ("lost",)
    assert find_picture_columns(rows, []) == ()
    with pytest.raises(UserError, match="image column 'foto'"):
        find_picture_columns(rows, ["foto"])


def test_a_column_is_read_once_and_kept(table, tmp_path):
    rows, root = table
    store = VectorStore(tmp_path / "store")
    rows = pd.concat([rows, rows], ignore_index=True)  # equal pictures are one
    first = read_pictures(rows, ["path"], root=root, store=store)
    plan, cells = first.planned["path"]
    assert plan.role.is_vector
    assert {len(each) for each in cells} == {WIDTH}
    assert first.n_computed == 0 or first.n_computed == 10
    again = read_pictures(rows, ["path"], root=root, store=store)
    assert again.n_pictures == 20
    for old, new in zip(cells, again.planned["path"][1], strict=True):
        np.testing.assert_array_equal(old, new)


def test_pictures_of_no_use_are_counted_and_named(table):
    rows, root = table
    rows.loc[[1, 4], "path"] = ["disc/none.png", None]
    found = read_pictures(rows, ["path"], root=root)
    assert pd.isna(found.planned["path"][1]).tolist() == [at in (1, 4) for at in range(len(rows))]
    (said,) = found.warnings
    assert "1 of 9 pictures of column 'path'" in said
    assert "row 2 ('disc/none.png'): there is no such file" in said


def test_a_column_of_lost_files_is_refused(table):
    rows, _ = table
    with pytest.raises(UserError, match=r"10 of 10 pictures of column 'lost'.*--image-root"):
        read_pictures(rows, ["lost"])


def test_without_packages_it_says_what_to_install(table, monkeypatch):
    rows, root = table
    monkeypatch.setattr(in_time, "find_spec", lambda name: None)
    found = training_pictures(rows, None, root=root)
    assert not found.planned
    assert "pip install 'espalier[vision]'" in found.warnings[0]
    monkeypatch.setattr("espalier.pipelines.frozen.network.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"espalier\[vision\]"):
        training_pictures(rows, ["path"], root=root)


def test_short_budgets_take_smaller_pictures(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_TIMED", 3)
    rows = pd.DataFrame({"photo": [as_bytes(shape_picture("disc", at)) for at in range(8)]})
    ticks = iter(range(0, 10_000, 10))  # ten seconds for three pictures

    def clock() -> float:
        return float(next(ticks))

    slow = affordable_look(rows, ["photo"], "", 7.5, VectorStore(tmp_path / "a"), clock)
    assert slow.cost < 1.0
    assert "so that there is time" in less_closely(slow)[0]
    assert "seen at 2 scales, so that" in less_closely(LOOKS[1])[0]
    unhurried = affordable_look(rows, ["photo"], "", 1e6, VectorStore(tmp_path / "b"))
    assert unhurried == BEST_LOOK


def test_no_time_at_all_is_said(table):
    rows, root = table
    with pytest.raises(UserError, match="within the time budget"):
        training_pictures(rows, ["path"], root=root, deadline=Deadline.after(-1.0))


def test_pictures_that_take_longer_than_expected_are_taken_smaller(monkeypatch):
    rows = pd.DataFrame({"photo": [as_bytes(shape_picture("disc", at)) for at in range(6)]})
    asked = []
    real = in_time.read_pictures

    def slow(table, columns, **options):
        asked.append(options["look"])
        if options["look"].side > 96:
            raise TimeoutError
        return real(table, columns, **options)

    monkeypatch.setattr(in_time, "read_pictures", slow)
    found = training_pictures(rows, ["photo"], seconds=30.0)
    assert asked == [*LOOKS[:-2], Look(96)]
    assert found.look == Look(96)
    assert "scaled to 96 x 96 pixels and seen as a whole only" in found.notes[0]


def test_a_late_reading_gives_up_after_a_few_blocks(monkeypatch, tmp_path):
    monkeypatch.setattr("espalier.pipelines.frozen.embedding.BATCH", 4)
    rows = pd.DataFrame({"photo": [as_bytes(shape_picture("disc", at)) for at in range(40)]})
    ticks = iter(range(1_000))
    store = VectorStore(tmp_path)
    with pytest.raises(TimeoutError, match="cannot be ready"):
        read_pictures(
            rows,
            ["photo"],
            look=Look(64),
            deadline=Deadline(20.0, clock=lambda: float(next(ticks))),
            foresee=True,
            store=store,
        )
    assert next(ticks) < 20  # long before the deadline


def test_a_table_keeps_its_own_columns_when_no_picture_is_read_in_time(monkeypatch):
    monkeypatch.setattr("espalier.pipelines.frozen.embedding.FEW", 1)
    rows = pd.DataFrame(
        {
            "photo": [as_bytes(shape_picture("disc", at + 90_000)) for at in range(12)],
            "rooms": np.arange(12),
        }
    )
    late = Deadline.after(-1.0)
    found = training_pictures(rows, ["photo"], seconds=30.0, deadline=late)
    assert found.n_unread == 12
    assert "12 of 12 pictures could not be read" in found.warnings[-1]
    with pytest.raises(UserError, match="within the time budget"):
        training_pictures(rows[["photo"]], ["photo"], seconds=30.0, deadline=late)


def test_pictures_without_time_count_as_missing(monkeypatch):
    monkeypatch.setattr("espalier.pipelines.frozen.embedding.BATCH", 4)
    monkeypatch.setattr("espalier.pipelines.frozen.embedding.FEW", 1)
    rows = pd.DataFrame({"photo": [as_bytes(shape_picture("disc", at)) for at in range(12)]})
    ticks = iter(range(1_000))
    some = read_pictures(
        rows,
        ["photo"],
        look=LOOKS[-1],
        deadline=Deadline(1.5, clock=lambda: float(next(ticks))),
        partial=True,
    )
    assert 0 < some.n_unread < 12
    assert f"{some.n_unread} of 12 pictures could not be read" in some.warnings[-1]
    known = training_pictures(rows, ["photo"], look=LOOKS[-1], known_only=True)
    assert known.n_unread == some.n_unread
    whole = training_pictures(rows, ["photo"], look=LOOKS[-1])
    assert whole.n_unread == 0
    assert whole.n_computed == some.n_unread


@pytest.mark.parametrize("seconds", [None, 1e6])
def test_pictures_whose_vectors_no_family_reads_are_glanced_at(seconds):
    rows = pd.DataFrame({"photo": [as_bytes(shape_picture("disc", at)) for at in range(6)]})
    found = training_pictures(rows, ["photo"], seconds=seconds, glance=True)
    assert (found.look, found.notes, found.n_unread) == (LOOKS[-1], (), 0)
    # A look on record is the one that the trials on record have seen.
    known = training_pictures(rows, ["photo"], seconds=seconds, look=Look(96), glance=True)
    assert known.look == Look(96)


@pytest.mark.parametrize(("others", "seconds"), [((), 45.0), (("rooms",), 25.0)])
def test_nothing_but_pictures_may_take_more_of_the_time(monkeypatch, others, seconds):
    rows = pd.DataFrame({"photo": [as_bytes(shape_picture("disc", at)) for at in range(6)]})
    asked = []

    def affordable(table, columns, root, allowed):
        asked.append(allowed)
        return LOOKS[-1]

    monkeypatch.setattr(in_time, "affordable_look", affordable)
    training_pictures(rows.assign(**dict.fromkeys(others, 1.0)), ["photo"], seconds=100.0)
    assert asked == [seconds]

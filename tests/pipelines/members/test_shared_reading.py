"""What members read of a row, and what reading it for all of them costs."""

import pytest

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.learners.registry import LEARNERS, NETWORKS
from espalier.pipelines.members.shared_reading import NO_READING, SharedReading, unread_columns

ROLES = {
    "rooms": ColumnRole.NUMERIC,
    "title": ColumnRole.TEXT,
    "meaning of title": ColumnRole.MEANING,
    "photo": ColumnRole.IMAGE,
    "pixels of photo": ColumnRole.PIXELS,
}
ALL = {**LEARNERS, **NETWORKS}


@pytest.mark.parametrize(
    ("families", "unread"),
    [
        (["linear"], {"pixels of photo"}),
        (["convnet"], {"meaning of title", "photo"}),
        (["textnet"], {"meaning of title", "photo", "pixels of photo"}),
        (["convnet", "linear"], set()),
    ],
)
def test_what_no_member_reads_is_known(families, unread):
    assert unread_columns((ALL[each] for each in families), ROLES) == unread


def test_a_table_without_arrays_is_read_as_a_whole():
    assert unread_columns([ALL["convnet"]], {"rooms": ColumnRole.NUMERIC}) == frozenset()


def test_frozen_networks_cost_those_who_read_them():
    reading = SharedReading(latency=9.0, size=6.5, without=frozenset({"convnet"}))
    assert reading.needed_by(["convnet", "convnet"]) == NO_READING
    assert reading.needed_by(["convnet", "linear"]) == reading

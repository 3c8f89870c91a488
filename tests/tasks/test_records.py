"""The records of tasks: what a run folder of an earlier version holds is still found."""

import pickle

import pytest

from espalier.tasks import records


@pytest.mark.parametrize("name", records.__all__)
def test_a_record_is_found_where_earlier_versions_pickled_it(name):
    stored = f"cespalier.tasks.records\n{name}\n.".encode()  # the name of a module, then of a class
    assert pickle.loads(stored) is getattr(records, name)

"""Pickles of older versions, which lack fields."""

import pickle
from dataclasses import dataclass

import pytest

from espalier.pipelines.serialization.old_pickles import set_state_with_defaults


@dataclass(frozen=True, slots=True)
class Grown:
    first: int
    later: str = "default"

    __setstate__ = set_state_with_defaults


def test_a_field_that_is_missing_has_its_default_and_all_others_their_values() -> None:
    opened = object.__new__(Grown)
    opened.__setstate__([3])
    assert opened == Grown(3)
    assert pickle.loads(pickle.dumps(Grown(4, "own"))) == Grown(4, "own")


@pytest.mark.parametrize("state", [[], [1, "a", "of a newer version"]])
def test_what_does_not_fit_is_refused(state: list[object]) -> None:
    with pytest.raises(TypeError, match="Grown was pickled by a version that does not fit"):
        object.__new__(Grown).__setstate__(state)

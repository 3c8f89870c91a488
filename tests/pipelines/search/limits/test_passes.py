import numpy as np
import pytest

from espalier.pipelines.learners.registry import LEARNERS
from espalier.pipelines.search.limits.passes import with_passes_that_fit
from espalier.pipelines.space.joint import SearchSpace
from tests.pipelines.search.conftest import shape


class Priced:
    """A cost model that knows how many seconds a pass takes."""

    def log_seconds(self, configurations):
        return np.log([float(each["epochs"]) for each in configurations])


@pytest.fixture
def space():
    return SearchSpace((LEARNERS["linear"], LEARNERS["realmlp"]), shape(n_rows=2_000))


def fitting(space, limit, taken=()):
    configurations = [space.default("linear"), space.default("realmlp")]
    return with_passes_that_fit(space, configurations, Priced(), limit, taken)


def test_without_a_limit_or_below_it_nothing_changes(space):
    whole = [space.default("linear"), space.default("realmlp")]
    assert fitting(space, None) == whole
    assert fitting(space, 1e6) == whole


def test_as_many_passes_as_fit_and_everything_else_as_it_was(space):
    linear, realmlp = fitting(space, 100.0)
    assert linear == space.default("linear")
    assert realmlp["epochs"] == 90  # nine tenths of what a trial may take
    assert {**realmlp, "epochs": 0} == {**space.default("realmlp"), "epochs": 0}


def test_never_fewer_passes_than_the_space_has(space):
    assert fitting(space, 1.0)[1]["epochs"] == 16


def test_it_is_not_tried_again_with_other_passes(space):
    first = fitting(space, 100.0)
    assert fitting(space, 80.0, taken=first) == [space.default("linear")]
    assert fitting(space, 1e6, taken=first) == [space.default("linear")]
    assert len(fitting(space, 80.0, taken=[space.default("linear")])) == 2

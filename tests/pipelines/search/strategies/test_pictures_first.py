"""On pictures, a network is tried second: it is worth its time, and stops in time."""

import numpy as np
import pytest

from espalier.pipelines.learners import registry
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.search.strategies.initial_design import NETWORKS, initial_design
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.cost import CostModel
from espalier.pipelines.trials.history import History
from tests.pipelines.learners.neural.test_convnet import PICTURES


@pytest.fixture(scope="module")
def space():
    return SearchSpace(choose_learners(None, PICTURES), PICTURES)


@pytest.mark.parametrize("seconds", [None, 1.0, 1_000.0])
def test_a_network_is_tried_second(space, seconds):
    costs = CostModel.fit(space, History(METRICS["log_loss"]), n_folds=3)
    design = initial_design(space, costs, seconds)
    families = [each.family for each in design.configurations]
    assert families[1] == "convnet"
    if design.n_sure:  # where time is short, both are tried whatever they seem to cost
        assert design.n_sure == 2
    assert sorted(families) == sorted(space.families)


def test_names_of_networks_are_those_of_the_registry():
    assert tuple(registry.NETWORKS) == NETWORKS


def test_networks_are_encoded_as_any_configuration(space):
    rng = np.random.default_rng(0)
    drawn = space.sample_family("convnet", 40, rng)
    for configuration, vector in zip(drawn, space.encode(drawn), strict=True):
        back = space.decode(vector)
        assert set(back) == set(configuration)
        assert back["block"] == configuration["block"]
    assert len(space.neighbours(drawn[0], 8, rng)) == 8

"""On pictures, a network is tried second: it is worth its time, and stops in time."""

from dataclasses import replace

import numpy as np
import pytest

from espalier.pipelines.learners import registry
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.metrics.catalogue import METRICS
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.limits.fold_count import affordable_folds
from espalier.pipelines.search.next_trials import next_trials
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.strategies.initial_design import initial_design
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
    assert set(families) == set(space.families)


def test_a_network_has_time_to_train(space):
    plan = SearchPlan(space=space, budget=Budget(seconds=100.0), seed=0, n_workers=2)
    trials = next_trials(plan, History(METRICS["log_loss"]), Deadline.after(100.0))
    limits = {each.configuration.family: each.seconds_limit for each in trials}
    assert limits.pop("convnet") == pytest.approx(45.0, abs=2)
    assert all(limit == pytest.approx(25.0, abs=2) for limit in limits.values())
    counted = SearchPlan(space=space, budget=Budget(trials=4), seed=0, n_workers=2)
    for each in next_trials(counted, History(METRICS["log_loss"]), Deadline(None)):
        assert each.seconds_limit is None


def test_networks_are_judged_on_three_folds_where_time_counts():
    for shape, folds in ((PICTURES, 3), (replace(PICTURES, n_pixels=0), 5)):
        assert affordable_folds(shape, Budget(seconds=3_600.0), 2) == folds
        assert affordable_folds(shape, Budget(trials=9), 2) == 5


def test_what_trains_on_pixels_are_the_networks_of_the_registry(space):
    of_pixels = tuple(each.name for each in space.learners if each.preprocessing.pixels)
    networks = [each for each in registry.NETWORKS.values() if each.preprocessing.pixels]
    assert tuple(each.name for each in networks) == of_pixels == ("convnet",)


def test_networks_are_encoded_as_any_configuration(space):
    rng = np.random.default_rng(0)
    drawn = space.sample_family("convnet", 40, rng)
    for configuration, vector in zip(drawn, space.encode(drawn), strict=True):
        back = space.decode(vector)
        assert set(back) == set(configuration)
        assert back["block"] == configuration["block"]
    assert len(space.neighbours(drawn[0], 8, rng)) == 8

import numpy as np
import pytest

from espalier.pipelines.acquisition.front import CostLevels, FrontObjective
from espalier.pipelines.acquisition.mutations import propose_by_mutation
from espalier.pipelines.acquisition.objective import Objective
from espalier.pipelines.surrogate.additive import AdditiveProcess
from tests.pipelines.choices_space import (
    cells,
    choices_space,
    conditional,
    every_cell,
    merit,
    n_parameters,
)


@pytest.fixture(scope="module")
def space():
    return choices_space()


@pytest.fixture(scope="module")
def tried(space):
    return list(dict.fromkeys(space.sample(50, np.random.default_rng(0))))


@pytest.fixture(scope="module")
def predictor(space, tried):
    gains = np.array([merit(each) for each in tried])
    return AdditiveProcess(space).fit(space.encode(tried), gains)


def propose(space, predictor, tried, objective=None, **options):
    best = sorted(tried, key=lambda each: -predictor.predict(space.encode([each]))[0][0])[:5]
    settings = {"tried": tried, "incumbents": best, "n": 1, "rng": np.random.default_rng(1)}
    ready = objective or Objective(predictor=predictor, best=5.0, beta=0.5)
    return propose_by_mutation(space, ready, predictor, **(settings | options))


def test_it_finds_the_best_of_all_cells_without_looking_at_all(space, predictor, tried):
    objective = Objective(predictor=predictor, best=5.0, beta=0.5)
    others = [each for each in every_cell(space) if each not in tried]
    values = objective.value(space.encode(others))
    (found,) = propose(space, predictor, tried)
    assert found.configuration not in tried
    assert found.value == pytest.approx(values.max())


def test_a_batch_differs_and_avoids_what_is_pending(space, predictor, tried):
    alone = propose(space, predictor, tried, n=4)
    assert len({each.configuration for each in alone}) == 4
    pending = [each.configuration for each in alone[:2]]
    later = propose(space, predictor, tried, n=4, pending=pending)
    assert not {each.configuration for each in later} & {*pending, *tried}


def test_only_what_is_admissible_is_proposed(space, predictor, tried):
    picks = propose(space, predictor, tried, n=3, admissible=lambda each: each["edge_4"] == "none")
    assert [each.configuration["edge_4"] for each in picks] == ["none"] * 3
    assert propose(space, predictor, tried, admissible=lambda _: False) == []


def test_with_known_costs_it_proposes_what_the_front_lacks(space, predictor, tried):
    costs = n_parameters(tried)
    believed = predictor.predict(space.encode(tried))[0]
    levels = CostLevels.of(costs, believed, worst_costs=np.array([17.0]), worst_gain=0.0)
    objective = FrontObjective(
        predictor=predictor,
        costs=lambda X: n_parameters(space.decode_many(X)),
        levels=levels,
        best=float(believed.max()),
    )
    others = [each for each in every_cell(space) if each not in tried]
    values = objective.value(space.encode(others))
    (found,) = propose(space, predictor, tried, objective)
    assert found.value >= np.sort(values)[-3]


def test_families_are_barred_and_shared_out():
    space = choices_space(cells, conditional)
    tried = list(dict.fromkeys(space.sample(40, np.random.default_rng(0))))
    gains = np.array([float(each.family == "conditional") for each in tried])
    predictor = AdditiveProcess(space).fit(space.encode(tried), gains)
    picks = propose(space, predictor, tried, n=4, max_per_family=2)
    families = [each.configuration.family for each in picks]
    assert sorted(families) == ["cells", "cells", "conditional", "conditional"]
    only = propose(space, predictor, tried, n=2, families=["cells"])
    assert {each.configuration.family for each in only} == {"cells"}


def test_a_space_that_is_used_up_gives_what_is_left(space, predictor):
    cells_left = every_cell(space)
    picks = propose(space, predictor, cells_left[:-2], n=5)
    assert {each.configuration for each in picks} <= set(cells_left[-2:])

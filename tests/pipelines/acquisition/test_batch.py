import numpy as np
import pytest

from espalier.pipelines.acquisition.batch import NEAR, choose_batch
from espalier.pipelines.acquisition.maximize import maximize
from espalier.pipelines.surrogate.forest import ForestPredictor
from espalier.pipelines.surrogate.targets import Observations, normal_scores
from tests.pipelines.search.conftest import landscape, new_space


@pytest.fixture(scope="module")
def space():
    return new_space()


@pytest.fixture(scope="module")
def seen(space):
    tried = tuple(space.sample(30, np.random.default_rng(0)))
    score = landscape(space)
    return Observations(tried, normal_scores([score(each) for each in tried]), len(tried))


def choose(space, seen, **changes):
    settings = {"n": 4, "rng": np.random.default_rng(1)} | changes
    return choose_batch(space, seen, lambda pick: ForestPredictor(seed=pick), **settings)


def test_a_batch_is_new_and_without_near_duplicates(space, seen):
    pending = space.sample(2, np.random.default_rng(5))
    chosen = choose(space, seen, pending=pending)
    assert len(chosen) == 4
    every = [*chosen, *pending, *seen.configurations]
    assert len(set(every)) == len(every)
    vectors = space.encode(every)
    for place in range(4):
        distance = np.abs(vectors[place] - np.delete(vectors, place, axis=0)).max(axis=1)
        assert (distance > NEAR).all()


def test_it_chooses_better_than_chance(space, seen):
    score = landscape(space)
    chosen = choose(space, seen)
    typical = np.median([score(each) for each in space.sample(200, np.random.default_rng(9))])
    assert np.mean([score(each) for each in chosen]) > typical


def test_a_family_does_not_fill_the_batch(space, seen):
    chosen = choose(space, seen, max_per_family=1)
    assert len({each.family for each in chosen}) == len(chosen) == 4


def test_what_is_barred_is_not_chosen(space, seen):
    def penalty(configurations):
        return np.array([0.0 if each.family == "knn" else np.inf for each in configurations])

    assert {each.family for each in choose(space, seen, penalty=penalty)} == {"knn"}
    assert choose(space, seen, penalty=lambda some: np.full(len(some), np.inf)) == []


def test_the_same_generator_chooses_the_same(space, seen):
    assert choose(space, seen) == choose(space, seen)


def test_local_search_climbs_above_its_candidates(space):
    score = landscape(space)

    def acquire(configurations):
        return np.array([score(each) for each in configurations])

    rng = np.random.default_rng(0)
    candidates = space.sample(20, rng)
    ranked = maximize(acquire, space, candidates, rng)
    assert ranked.values[0] > acquire(candidates).max()
    assert (np.diff(ranked.values) <= 0).all()
    np.testing.assert_array_equal(acquire(ranked.configurations), ranked.values)

import numpy as np

from espalier.pipelines.search.strategies.local import START, search_around
from tests.pipelines.choices_space import BEST_MERIT, choices_space, merit
from tests.pipelines.search.conftest import landscape, new_space


def scored(space, n, score, seed=0):
    drawn = dict.fromkeys(space.sample(n, np.random.default_rng(seed)))
    return [(each, score(each)) for each in drawn]


def distance(left, right):
    return sum(left[name] != right[name] for name in left)


def test_it_tries_the_neighbours_of_the_best(situation_of):
    space = choices_space()
    known = scored(space, 20, merit)
    best = max(known, key=lambda each: each[1])[0]
    found = search_around(situation_of(space, known), 4)
    assert len(set(found)) == 4
    assert {distance(each, best) for each in found} == {1}


def test_once_they_are_used_up_those_of_the_next_follow(situation_of):
    space = choices_space()
    known = scored(space, 20, merit)
    best = max(known, key=lambda each: each[1])[0]
    around = [
        space.complete("cells", dict(best) | {name: option})
        for name in best
        for option in ("none", "skip", "narrow", "wide")
        if option != best[name]
    ]
    both = {**dict(known), **dict.fromkeys(around, 0.0)}
    found = search_around(situation_of(space, list(both.items())), 3)
    assert len(found) == 3
    assert all(distance(each, best) > 1 for each in found)


def test_it_climbs_to_an_optimum(situation_of):
    space = choices_space()
    known = scored(space, 20, merit)
    for seed in range(70):
        found = search_around(situation_of(space, known, seed=seed), 1)
        known += [(each, merit(each)) for each in found]
    assert max(score for _, score in known) > BEST_MERIT - 0.6


def test_numbers_do_not_keep_it_in_one_place_for_ever(situation_of):
    space = new_space()
    score = landscape(space)
    known = scored(space, 12, score)
    best = max(known, key=lambda each: each[1])[0]
    rng = np.random.default_rng(0)
    many = space.neighbours(best, 6 * len(best), rng)
    situation = situation_of(space, [*known, *((each, -99.0) for each in many)])
    found = search_around(situation, 4)
    assert found
    assert all(
        each.family != best.family or len(set(each.items()) - set(best.items())) > 1
        for each in found
    )


def test_it_waits_for_a_few_trials_and_avoids_pending_ones(situation_of):
    space = choices_space()
    known = scored(space, 40, merit)
    assert search_around(situation_of(space, known[: START - 1]), 3) == []
    pending = search_around(situation_of(space, known), 3)
    later = search_around(situation_of(space, known, pending=pending), 6)
    assert not set(pending) & set(later)

import numpy as np

from espalier.pipelines.search.strategies.ageing import POPULATION, evolve, mutated
from tests.pipelines.choices_space import cells, choices_space, conditional, merit
from tests.pipelines.search.conftest import new_space


def differences(left, right):
    return [name for name in left if name in right and left[name] != right[name]]


def test_a_child_has_one_mutation_of_somebody_in_the_population(situation_of):
    space = new_space()
    drawn = space.sample(POPULATION + 10, np.random.default_rng(0))
    situation = situation_of(space, [(each, 0.5) for each in drawn])
    children = evolve(situation, 8)
    assert len(set(children)) == 8
    for child in children:
        parents = drawn[-POPULATION:]
        near = [
            each
            for each in parents
            if (each.family == child.family and len(differences(each, child)) == 1)
            or (each.family != child.family)
        ]
        assert near


def test_the_oldest_have_no_more_children_however_good_they_were(situation_of):
    space = choices_space()
    drawn = list(dict.fromkeys(space.sample(POPULATION + 20, np.random.default_rng(0))))
    old = space.complete("cells", dict.fromkeys(space.default("cells"), "wide"))
    young = [each for each in drawn if "wide" not in each.values()]
    scored = [(old, 9.0), *((each, merit(each)) for each in drawn if each != old)]
    children = evolve(situation_of(space, scored), 10)
    assert all(len(differences(old, child)) > 1 for child in children) or young


def test_the_better_ones_have_more_children(situation_of):
    space = choices_space()
    drawn = list(dict.fromkeys(space.sample(80, np.random.default_rng(0))))[:POPULATION]
    scored = [(each, merit(each)) for each in drawn]
    children = evolve(situation_of(space, scored), 40)
    assert np.mean([merit(each) for each in children]) > np.mean([score for _, score in scored])


def test_without_a_population_nobody_has_children(situation_of):
    space = choices_space()
    drawn = list(dict.fromkeys(space.sample(60, np.random.default_rng(0))))[: POPULATION - 1]
    assert evolve(situation_of(space, [(each, merit(each)) for each in drawn]), 4) == []


def test_the_family_is_one_of_the_choices_and_shared_preprocessing_stays():
    space = new_space()
    rng = np.random.default_rng(0)
    parent = space.complete("linear", dict(space.default("linear")) | {"prep_rare_share": 0.02})
    children = [mutated(space, parent, rng) for _ in range(300)]
    moved = [each for each in children if each.family != "linear"]
    assert 5 < len(moved) < 60
    assert len({each.family for each in moved}) > 2
    kept = [each["prep_rare_share"] for each in moved if "prep_rare_share" in each]
    assert kept
    assert set(kept) == {0.02}


def test_a_mutation_brings_and_takes_conditional_choices():
    space = choices_space(conditional)
    rng = np.random.default_rng(0)
    children = [mutated(space, space.default("conditional"), rng) for _ in range(60)]
    assert {each["block"] for each in children} == {"plain", "bottleneck"}
    assert all(("expansion" in each) == (each["block"] == "bottleneck") for each in children)


def test_a_used_up_space_ends_it(situation_of):
    space = choices_space(cells)
    one = space.sample(1, np.random.default_rng(0))[0]
    around = [one, *space.neighbours(one, 15, np.random.default_rng(0))]
    drawn = list(dict.fromkeys([*space.sample(60, np.random.default_rng(1)), *around]))
    children = evolve(situation_of(space, [(each, merit(each)) for each in drawn]), 3)
    assert not set(children) & set(drawn)

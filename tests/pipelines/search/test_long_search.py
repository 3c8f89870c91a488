import numpy as np

from espalier.pipelines.search.limits.thinning import thinned
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.search.strategies.names import ASCENT, CANDIDATES
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.trials.trial import Trial
from tests.pipelines.search.conftest import answer, landscape


def long_history(space, history, n):
    score = landscape(space)
    drawn = space.sample(n, np.random.default_rng(5))
    defaults = [space.default(each) for each in space.families]
    starters = [each for family in space.families for each in space.starters(family)]
    unique = dict.fromkeys([*defaults, *starters, *drawn])
    trials = [Trial(number=k, configuration=c, seed=0) for k, c in enumerate(unique)]
    return history.extend(answer(each, score(each.configuration), seconds=1.0) for each in trials)


def test_a_long_search_proposes_nothing_that_it_has_forgotten(space, history):
    history = long_history(space, history, 900)
    assert len(thinned(history)) < len(history)
    batch = propose_trials(space, history, n=4, seed=0, strategy="gp")
    assert len(batch) == 4
    assert not {each.configuration for each in batch} & history.configurations
    assert {each.origin for each in batch} <= {ASCENT, CANDIDATES}


def test_where_choosing_costs_too_much_neighbours_of_the_leaders_come(space, history):
    history = long_history(space, history, 500)
    batch = propose_trials(
        space, history, n=10, seed=0, expected_seconds_limit=1e9, with_predictor=False
    )
    assert {each.origin for each in batch} == {"neighbour", "random"}
    assert sum(each.origin == "random" for each in batch) == 2
    families = [each.configuration.family for each in batch if each.origin == "neighbour"]
    assert len(set(families)) > 1
    assert all(each.choosing_seconds > 0 for each in batch)
    assert not {each.configuration for each in batch} & history.configurations


def test_distances_are_those_of_all_differences(space):
    points = Embedding(space.coordinates)
    X = points(space.encode(space.sample(30, np.random.default_rng(1))))
    rows, columns = np.triu_indices(30, 1)
    squared = (X[rows] - X[columns]) ** 2
    found = points.group_distances(X)
    for place in range(len(points.names)):
        expected = squared[:, points.group == place].sum(axis=1)
        np.testing.assert_allclose(found[place], expected, atol=1e-12)

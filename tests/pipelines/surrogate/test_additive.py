import numpy as np
import pytest

from espalier.pipelines.surrogate.additive import AdditiveProcess, is_all_choices
from tests.pipelines.choices_space import choices_space, conditional, every_cell, merit
from tests.pipelines.search.conftest import new_space


@pytest.fixture(scope="module")
def cells_space():
    return choices_space()


@pytest.fixture
def fitted(cells_space):
    drawn = cells_space.sample(60, np.random.default_rng(0))
    X = cells_space.encode(drawn)
    y = np.array([merit(each) for each in drawn])
    return AdditiveProcess(cells_space).fit(X, y), X, y


def test_it_ranks_cells_that_it_has_not_seen(cells_space, fitted):
    predictor, *_ = fitted
    cells = every_cell(cells_space)
    mean, std = predictor.predict(cells_space.encode(cells))
    truth = np.array([merit(each) for each in cells])
    ranks = [np.argsort(np.argsort(values)) for values in (mean, truth)]
    assert np.corrcoef(*ranks)[0, 1] > 0.9
    assert (std > 0).all()


def test_it_doubts_more_where_fewer_choices_are_known(cells_space, fitted):
    predictor, X, _ = fitted
    other = cells_space.encode(every_cell(cells_space))
    assert np.median(predictor.predict(X)[1]) < np.median(predictor.predict(other)[1])


def test_the_gradient_is_the_exact_change_of_one_choice(cells_space, fitted):
    predictor, X, _ = fitted
    before, _, slope, _ = predictor.predict_gradient(X[:1])
    start = cells_space.decode(X[0])
    names = list(cells_space.coordinates)
    for changed in (dict(start) | {"edge_2": option} for option in ("none", "skip", "wide")):
        after, _ = predictor.predict(cells_space.encode([cells_space.complete("cells", changed)]))
        places = [
            names.index(f"cells:edge_2={which}") for which in (changed["edge_2"], start["edge_2"])
        ]
        expected = slope[0, places[0]] - slope[0, places[1]]
        assert after[0] - before[0] == pytest.approx(expected, abs=1e-9)


def test_the_variance_is_never_above_its_tangent(cells_space, fitted):
    # It is own - k' K^-1 k, concave in the kernel k, and k is linear in one choice.
    predictor, X, _ = fitted
    _, std, _, slope = predictor.predict_gradient(X[:1])
    start = cells_space.decode(X[0])
    names = list(cells_space.coordinates)
    old = names.index(f"cells:edge_3={start['edge_3']}")
    changes = []
    for option in {"none", "skip", "narrow", "wide"} - {str(start["edge_3"])}:
        new = cells_space.complete("cells", dict(start) | {"edge_3": option})
        _, after = predictor.predict(cells_space.encode([new]))
        change = after[0] ** 2 - std[0] ** 2
        place = names.index(f"cells:edge_3={option}")
        tangent = 2.0 * std[0] * (slope[0, place] - slope[0, old])
        assert change <= tangent + 1e-9
        changes.append((change, tangent))
    assert max(change for change, _ in changes) > 0


def test_believing_lowers_doubt_and_leaves_the_mean(cells_space, fitted):
    predictor, *_ = fitted
    new = cells_space.encode(every_cell(cells_space)[:40:13])
    mean, std = predictor.predict(new)
    later, less = predictor.believe(new).predict(new)
    np.testing.assert_allclose(later, mean, atol=1e-9)
    assert (less < std).all()


def test_two_trials_with_equal_gains_are_enough(cells_space):
    X = cells_space.encode(every_cell(cells_space)[:2])
    mean, std = AdditiveProcess(cells_space).fit(X, np.zeros(2)).predict(X)
    assert np.isfinite(mean).all()
    assert (std > 0).all()


def test_inactive_choices_and_several_families_have_a_place(cells_space):
    space = choices_space(conditional, *(each.space for each in cells_space.learners))
    drawn = space.sample(80, np.random.default_rng(0))
    gains = np.array([float(each.get("expansion", "0")) + len(each.family) for each in drawn])
    predictor = AdditiveProcess(space).fit(space.encode(drawn), gains)
    unseen = [each for each in space.sample(60, np.random.default_rng(1)) if each not in drawn]
    mean, _ = predictor.predict(space.encode(unseen))
    truth = [float(each.get("expansion", "0")) + len(each.family) for each in unseen]
    assert np.corrcoef(mean, truth)[0, 1] > 0.9


def test_a_space_with_numbers_is_not_one_of_choices(cells_space):
    assert is_all_choices(cells_space)
    assert is_all_choices(choices_space(conditional))
    assert not is_all_choices(new_space())

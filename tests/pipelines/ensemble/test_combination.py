import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from espalier.pipelines.ensemble.combination import (
    Combination,
    CombinationSpace,
    from_link,
    probability_floor,
    to_link,
)
from espalier.pipelines.problem import ProblemKind


def _probabilities(n_classes: int) -> st.SearchStrategy[np.ndarray]:
    positive = arrays(np.float64, (6, n_classes), elements=st.floats(0.0, 1.0))
    return positive.map(lambda p: (p + 1e-9) / (p + 1e-9).sum(axis=1, keepdims=True))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([2, 3, 7]).flatmap(_probabilities))
def test_link_and_back_moves_no_probability_by_more_than_the_floor(p: np.ndarray) -> None:
    n_classes = p.shape[1]
    problem = ProblemKind.BINARY if n_classes == 2 else ProblemKind.MULTICLASS
    link = to_link(p, problem, 1e-4)
    assert link.shape == (6, 1 if n_classes == 2 else n_classes)
    assert np.isfinite(link).all()
    back = from_link(link, problem)
    np.testing.assert_allclose(back, p, atol=n_classes * 1e-4)
    np.testing.assert_allclose(back.sum(axis=1), 1.0)


def test_certain_members_do_not_make_infinite_links() -> None:
    never = np.array([[1.0, 0.0, 0.0]])
    rule = Combination(
        problem=ProblemKind.MULTICLASS,
        space=CombinationSpace.LINK,
        weights=(40.0,),
        intercept=(0.0, 0.0, 0.0),
        floor=1e-6,
    )
    combined = rule.apply([never])
    assert np.isfinite(combined).all()
    np.testing.assert_allclose(combined.sum(axis=1), 1.0)


def test_the_mean_weighs_members_by_their_share() -> None:
    rule = Combination(
        problem=ProblemKind.REGRESSION, space=CombinationSpace.PROBABILITY, weights=(3.0, 1.0)
    )
    np.testing.assert_allclose(rule.apply([np.array([0.0, 4.0]), np.array([4.0, 0.0])]), [1.0, 3.0])


def test_link_space_adds_the_intercept_to_the_weighted_values() -> None:
    rule = Combination(
        problem=ProblemKind.REGRESSION,
        space=CombinationSpace.LINK,
        weights=(0.5, 0.25),
        intercept=(10.0,),
    )
    np.testing.assert_allclose(rule.apply([np.array([2.0]), np.array([4.0])]), [12.0])


def test_members_that_stay_share_the_weight_of_those_that_go() -> None:
    rule = Combination(
        problem=ProblemKind.REGRESSION,
        space=CombinationSpace.LINK,
        weights=(0.6, 0.3, 0.1),
        intercept=(1.0,),
    )
    kept = rule.keep([0, 2])
    assert sum(kept.weights) == pytest.approx(1.0)
    assert kept.weights[0] / kept.weights[1] == pytest.approx(6.0)
    with pytest.raises(ValueError, match="at least one member"):
        rule.keep([])


@pytest.mark.parametrize(
    ("weights", "intercept"), [((), ()), ((-0.1, 1.0), ()), ((0.0,), ()), ((1.0,), (0.0,))]
)
def test_impossible_combinations_are_refused(
    weights: tuple[float, ...], intercept: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match=r"weights|intercept"):
        Combination(
            problem=ProblemKind.REGRESSION,
            space=CombinationSpace.PROBABILITY,
            weights=weights,
            intercept=intercept,
        )


def test_the_floor_shrinks_with_the_rows_within_bounds() -> None:
    assert probability_floor(10) == 1e-3
    assert probability_floor(10**9) == 1e-6
    assert probability_floor(20_000) == pytest.approx(5e-5)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([3, 100, 500, 1_000, 2_000]),
    st.integers(1, 10**6),
    st.floats(0.05, 0.999),
)
def test_no_probability_moves_by_a_hundredth_however_many_classes_there_are(
    n_classes: int, n_rows: int, largest: float
) -> None:
    rest = (1.0 - largest) / (n_classes - 1)
    p = np.full((2, n_classes), rest)
    p[0, 0] = p[1, -1] = largest
    p[1, 0] = p[1, 0] + p[1, 1]  # and one of nothing
    p[1, 1] = 0.0
    back = from_link(
        to_link(p, ProblemKind.MULTICLASS, probability_floor(n_rows)), ProblemKind.MULTICLASS
    )
    assert np.isfinite(back).all()
    np.testing.assert_allclose(back, p, atol=0.01)


def test_two_classes_keep_the_floor_itself() -> None:
    link = to_link(np.array([[1.0, 0.0]]), ProblemKind.BINARY, 1e-3)
    np.testing.assert_allclose(from_link(link, ProblemKind.BINARY), [[0.999, 0.001]])

"""The mean of several combiners."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.ensemble.blend import blend
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.problem import ProblemKind

VALUES = [np.array([1.0, 2.0, 4.0]), np.array([0.0, 3.0, 5.0]), np.array([2.0, 2.0, 2.0])]
weights = st.lists(st.floats(0.0, 2.0), min_size=3, max_size=3).filter(lambda w: sum(w) > 0.1)


def _rule(space: CombinationSpace, own: list[float], **more: object) -> Combination:
    return Combination(problem=ProblemKind.REGRESSION, space=space, weights=tuple(own), **more)


@given(first=weights, second=weights, shift=st.floats(-3, 3))
def test_values_are_the_mean_of_what_the_combiners_answer(
    first: list[float], second: list[float], shift: float
) -> None:
    rules = [
        _rule(CombinationSpace.LINK, first, intercept=(shift,)),
        _rule(CombinationSpace.PROBABILITY, second),
    ]
    mean = np.mean([rule.apply(VALUES) for rule in rules], axis=0)
    np.testing.assert_allclose(blend(rules, width=1).apply(VALUES), mean, atol=1e-9)


def test_classes_get_probabilities_between_the_combiners() -> None:
    answers = [np.array([[0.9, 0.1]]), np.array([[0.3, 0.7]])]
    rules = [
        Combination(problem=ProblemKind.BINARY, space=CombinationSpace.PROBABILITY, weights=each)
        for each in ((1.0, 0.0), (0.0, 1.0))
    ]
    found = blend(rules, width=1).apply(answers)
    assert found.sum() == pytest.approx(1.0)
    assert 0.3 < found[0, 0] < 0.9

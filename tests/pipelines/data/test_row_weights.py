"""One unit for row weights, whatever they come in."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.row_weights import effective_count, mean_one
from espalier.pipelines.problem import ProblemKind


@given(unit=st.floats(1e-200, 1e200), seed=st.integers(0, 99))
def test_any_unit_gives_the_same_numbers(unit: float, seed: int) -> None:
    weights = np.random.default_rng(seed).gamma(1.0, size=200)
    same = mean_one(weights)
    assert same.mean() == pytest.approx(1.0, rel=1e-6)
    np.testing.assert_allclose(same, weights / weights.mean(), rtol=1e-6)
    np.testing.assert_array_equal(mean_one(unit * weights), same)
    np.testing.assert_array_equal(mean_one(same), same)


def test_equal_weights_are_ones_and_nothing_stays_nothing() -> None:
    assert mean_one(np.full(7, 1 / 400)).tolist() == [1.0] * 7
    assert mean_one(np.zeros(3)).tolist() == [0.0] * 3
    assert np.isfinite(mean_one(np.array([1e308, 1e308, 1e-300]))).all()


def test_a_dataset_keeps_weights_of_mean_one_for_the_rows_in_use() -> None:
    whole = Dataset(
        X=pd.DataFrame({"x": np.arange(6.0)}),
        y=np.arange(6.0),
        problem=ProblemKind.REGRESSION,
        roles={"x": ColumnRole.NUMERIC},
        sample_weight=np.repeat([1e6, 3e6], 3),
    )
    assert whole.sample_weight.tolist() == [0.5] * 3 + [1.5] * 3
    assert whole.take(np.array([3, 4])).sample_weight.tolist() == [1.0, 1.0]


def test_equal_rows_count_fully_and_one_heavy_row_counts_as_one() -> None:
    assert effective_count(np.ones(9)) == 9.0
    assert effective_count(np.array([1.0, *[1e-9] * 8])) == pytest.approx(1.0)

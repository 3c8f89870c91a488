import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import QuantileTransformer

from espalier.pipelines.preprocessing.scaling import RankGauss

NUMBERS = st.floats(-100, 100).map(lambda value: round(value, 1))


@given(
    fitted=arrays(np.float64, st.tuples(st.integers(2, 60), st.just(3)), elements=NUMBERS),
    asked=arrays(np.float64, st.tuples(st.integers(1, 40), st.just(3)), elements=NUMBERS),
)
def test_ranks_are_those_of_scikit_learn(fitted, asked):
    scaler = RankGauss(seed=0).fit(fitted)
    theirs = QuantileTransformer(
        n_quantiles=min(200, len(fitted)), output_distribution="normal"
    ).fit(fitted)
    for rows in (fitted, asked):
        expected = scaler.after_.transform(np.clip(theirs.transform(rows), -3, 3))
        np.testing.assert_allclose(scaler.transform(rows), expected, atol=1e-6)


@pytest.mark.parametrize("n_rows", [1, 7, 16, 17])
def test_a_few_rows_are_ranked_as_many_are(n_rows):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=500), rng.integers(0, 3, 500), rng.exponential(size=500)])
    X[5, 1] = np.nan
    scaler = RankGauss(seed=0).fit(X)
    np.testing.assert_array_equal(scaler.transform(X)[:n_rows], scaler.transform(X[:n_rows]))


def test_columns_of_tiny_numbers_are_ranked_like_any():
    X = np.linspace(0, 1, 300)[:, None]
    np.testing.assert_allclose(
        RankGauss().fit(1e-9 * X).transform(1e-9 * X), RankGauss().fit(X).transform(X), atol=1e-6
    )

import numpy as np
import pytest

from espalier.pipelines.preprocessing import strength
from espalier.pipelines.preprocessing.strength import bin_columns, bin_values, mutual_information


@pytest.fixture
def mixed():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 600))
    X[:, ::3] = rng.integers(0, 4, size=(200, 200))  # ties: some edges are equal
    X[:, ::7] = np.round(X[:, ::7], 1)
    X[rng.random(X.shape) < 0.001] = np.nan
    X[:, 5], X[:, 6] = np.nan, 1.0
    X[0, 8] = np.inf
    return X


@pytest.mark.parametrize("n_bins", [4, 16])
def test_columns_are_cut_together_as_they_are_one_by_one(mixed, n_bins):
    for column, codes in zip(mixed.T, bin_columns(mixed, n_bins), strict=True):
        np.testing.assert_array_equal(codes, bin_values(column, n_bins))


def test_the_quantiles_of_a_wide_table_are_asked_for_a_block_at_a_time(monkeypatch):
    calls = []
    quantile = np.quantile

    def counted(*arguments, **options):
        calls.append(1)
        return quantile(*arguments, **options)

    monkeypatch.setattr(strength.np, "quantile", counted)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2_000)), rng.integers(0, 2, 60)
    X[:, 7] += 3 * y
    found = mutual_information(X, y, classification=True)
    assert found.argmax() == 7
    assert len(calls) <= 10


def test_a_table_without_columns_has_no_strength():
    assert mutual_information(np.empty((9, 0)), np.arange(9) % 2, classification=True).shape == (0,)

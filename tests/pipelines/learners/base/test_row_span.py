"""A penalised linear model of many columns is the same in the span of few rows."""

import numpy as np
import pytest
import scipy.sparse as sp

from espalier.pipelines.learners.base.row_span import row_span
from espalier.pipelines.learners.families.penalty import ChosenStrength, Logistic, Ridge


@pytest.fixture
def wide():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 500)).astype(np.float32)
    return X, X[:, :3].sum(axis=1) + 1.0, rng.normal(size=(9, 500)).astype(np.float32)


def test_ridge_is_the_same(wide):
    X, y, new = wide
    plain = Ridge(0.1).fit(X, y).predict(new)
    spanned = Ridge(0.1, in_span=True).fit(X, y)
    np.testing.assert_allclose(spanned.predict(new), plain, rtol=1e-3, atol=1e-3)
    assert spanned.model_.coef_.shape == (500,)


def test_logistic_regression_is_the_same(wide):
    X, y, new = wide
    codes = np.digitize(y, [0.0, 2.0])
    plain = Logistic(0.5).fit(X, codes).predict_proba(new)
    spanned = Logistic(0.5, in_span=True).fit(X, codes).predict_proba(new)
    np.testing.assert_allclose(spanned, plain, atol=5e-3)


def test_a_path_of_penalties_ends_at_the_same_strength(wide):
    X, y, new = wide
    plain = ChosenStrength(Ridge()).fit(X, y)
    spanned = ChosenStrength(Ridge(), in_span=True).fit(X, y)
    assert spanned.strength_ == plain.strength_
    np.testing.assert_allclose(spanned.predict(new), plain.predict(new), rtol=1e-2, atol=1e-2)


def test_rows_that_are_not_wide_or_sparse_stay_as_they_are(wide):
    X, _, _ = wide
    assert row_span(X[:, :80]) is None
    assert row_span(sp.csr_matrix(X)) is None
    span = row_span(X)
    np.testing.assert_allclose(span.coordinates @ span.coordinates.T, X @ X.T, atol=1e-2)

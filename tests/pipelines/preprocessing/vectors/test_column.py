"""Vectors become standardised numbers or a few directions, fitted to the training rows alone."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.preprocessing.vectors.column import MOST_DIRECTIONS, VectorColumn


def _column(n_rows=80, width=40, seed=0, gaps=()):
    rng = np.random.default_rng(seed)
    few = rng.normal(size=(n_rows, 5)) @ rng.normal(size=(5, width))
    vectors = (few + 0.05 * rng.normal(size=(n_rows, width))).astype(np.float32)
    vectors[:, 3] = 1.0  # says nothing
    cells = np.empty(n_rows, dtype=object)
    for at in range(n_rows):
        cells[at] = np.nan if at in gaps else vectors[at]
    return pd.Series(cells, name="photo")


def test_all_numbers_are_standardised_and_constants_go():
    column = _column()
    made = VectorColumn("all", scale=False).fit(column).transform(column)
    assert made.shape == (80, 39)
    assert made.dtype == np.float32
    np.testing.assert_allclose(made.mean(0), 0.0, atol=1e-4)
    np.testing.assert_allclose(made.std(0), 1.0, atol=0.05)


def test_directions_are_those_of_the_principal_components():
    from sklearn.decomposition import PCA

    column = _column(200, 60)
    full = VectorColumn("all", scale=False).fit(column).transform(column)
    ours = VectorColumn("pca", 4, scale=False).fit(column).transform(column)
    theirs = PCA(4, random_state=0).fit_transform(full)
    for at in range(4):
        assert abs(np.corrcoef(ours[:, at], theirs[:, at])[0, 1]) > 0.99


@pytest.mark.parametrize("reduction", ["pca", "all"])
def test_a_scaled_column_weighs_as_much_at_any_length(reduction):
    for width in (30, 300):
        column = _column(150, width)
        made = VectorColumn(reduction, 20, scale=True).fit(column).transform(column)
        assert 8.0 < made.var(axis=0).sum() < 20.0


def test_rows_without_a_vector_are_average_and_marked():
    column = _column(gaps=(0, 5))
    vector = VectorColumn("pca", 6).fit(column)
    made = vector.transform(column)
    assert made.shape == (80, 7)
    assert made[[0, 5], -1].tolist() == [1.0, 1.0]
    assert not made[[0, 5], :-1].any()
    assert made[1:5, -1].max() == 0.0
    nothing = vector.transform(pd.Series([np.nan, np.nan], dtype=object))
    assert nothing.shape == (2, 7)


def test_equal_rows_get_equal_directions_and_others_get_others():
    column, other = _column(), _column(seed=1)
    first = VectorColumn("pca", 8, seed=0).fit(column)
    VectorColumn("pca", 8, seed=0).fit(other)
    again = VectorColumn("pca", 3, seed=5).fit(column)  # fewer of the same
    np.testing.assert_array_equal(again.directions_, first.directions_[:, :3])


def test_few_rows_give_few_directions():
    column = _column(n_rows=4)
    made = VectorColumn("pca", MOST_DIRECTIONS).fit(column).transform(column)
    assert made.shape == (4, 3)
    assert np.isfinite(made).all()

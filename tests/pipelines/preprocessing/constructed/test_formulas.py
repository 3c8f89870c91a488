"""Random formulas: what they compute, what is left out, and that nothing depends on the rows."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from espalier.pipelines.preprocessing.constructed.formulas import Formulas
from espalier.pipelines.preprocessing.constructed.novelty import novel
from espalier.pipelines.preprocessing.constructed.random_formulas import (
    MOST_CELLS,
    RandomFormulas,
)

RNG = np.random.default_rng(0)


def rows(n_rows: int = 300, n_columns: int = 5, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).lognormal(0, 1, (n_rows, n_columns))


def test_a_formula_may_use_what_an_earlier_one_made() -> None:
    made = Formulas(2, ((("sum", 0, 1), ("ratio", 0, 1)), (("product", 2, 0),)), (4, 3))
    X = np.array([[2.0, 3.0], [1.0, 0.0]])
    np.testing.assert_array_equal(
        made.with_made(X), [[2.0, 3.0, 10.0, 2.0 / 3.0], [1.0, 0.0, 1.0, 1.0]]
    )


def test_pairs_and_triples_are_made_of_the_columns_and_no_two_order_rows_alike() -> None:
    X = rows()
    made = RandomFormulas(60).fit(X)
    table = made.transform(X)
    np.testing.assert_array_equal(table[:, :5], X)
    assert table.shape == (300, 65)
    assert len(made.formulas_.stages) == 2  # triples stand on pairs
    ranks = np.argsort(np.argsort(table, axis=0), axis=0)
    alike = np.abs(np.corrcoef(ranks.T)) - np.eye(65)
    assert alike.max() < 0.99


def test_equal_columns_give_one_and_constant_ones_none() -> None:
    base = rows(200, 2)
    made = np.column_stack(
        [
            base[:, 0] * 3,  # orders the rows as a column that is there
            np.full(200, 4.0),
            np.where(np.arange(200) < 150, np.nan, base[:, 1] - base[:, 0]),  # mostly empty
            base[:, 1] - base[:, 0],
            2 * (base[:, 1] - base[:, 0]),  # said already
            np.where(np.arange(200) == 0, 9.0, 1.0),  # nearly constant
        ]
    )
    assert novel(base, made, 10) == [3]
    assert novel(base, made[:, :2], 10) == []


@pytest.mark.parametrize(
    "X",
    [
        rows(50, 1),
        np.full((50, 4), 2.0),
        np.full((50, 3), np.nan),
        np.column_stack([rows(50, 1), np.full(50, np.nan)]),
        RNG.integers(0, 2, (50, 4)).astype(float),
    ],
    ids=["one column", "constants", "nothing", "one that varies", "zeros and ones"],
)
def test_without_two_columns_of_several_values_nothing_is_made(X: np.ndarray) -> None:
    np.testing.assert_array_equal(RandomFormulas(30).fit(X).transform(X), X)


@settings(max_examples=30, deadline=None)
@given(
    X=arrays(
        np.float64,
        st.tuples(st.integers(2, 40), st.integers(1, 5)),
        elements=st.one_of(st.floats(-1e30, 1e30, allow_nan=False), st.just(np.nan)),
    ),
    seed=st.integers(0, 100),
)
def test_any_numbers_give_finite_ones_row_by_row(X: np.ndarray, seed: int) -> None:
    made = RandomFormulas(20, seed).fit(X)
    table = made.transform(X)
    assert not np.isinf(table).any()
    assert table.shape[1] <= X.shape[1] + 20
    np.testing.assert_array_equal(made.transform(X[::-1])[::-1], table)
    np.testing.assert_array_equal(made.transform(X[:1]), table[:1])
    copy = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(copy.transform(X), table)


def test_the_seed_alone_decides() -> None:
    X = rows()
    first, again, other = (RandomFormulas(20, seed).fit(X).formulas_ for seed in (1, 1, 2))
    assert first == again != other


def test_the_target_is_not_looked_at() -> None:
    X = rows()
    one = RandomFormulas(20).fit(X, np.zeros(300)).formulas_
    assert one == RandomFormulas(20).fit(X, RNG.normal(size=300)).formulas_


def test_very_many_rows_get_fewer_columns() -> None:
    X = np.tile(rows(1_000, 4), (1_500, 1))
    assert len(RandomFormulas(60).fit(X).formulas_) <= MOST_CELLS // len(X) == 8


def test_very_wide_tables_are_quick_and_use_some_of_their_columns() -> None:
    X = rows(60, 2_000)
    assert 0 < len(RandomFormulas(30).fit(X).formulas_) <= 30

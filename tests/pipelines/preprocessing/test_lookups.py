"""Looked-up columns: what they find, and that no row's own target reaches them."""

import pickle

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.splitting.inner_folds import RowFacts
from espalier.pipelines.preprocessing.constructed.group_places import GroupPlaces
from espalier.pipelines.preprocessing.constructed.subset_keys import (
    MOST_KEYS,
    RoundedNumbers,
    SubsetKeys,
)
from espalier.pipelines.preprocessing.lookups import LOOKUPS, MOST_LOOKUPS, LookupColumns

KINDS = LOOKUPS[1:]


def table(n_rows: int = 400, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    cells = pd.DataFrame(
        {name: rng.choice(list("abcde"), n_rows).astype(object) for name in ("p", "q", "r")}
    )
    numbers = rng.integers(0, 4, (n_rows, 3)).astype(float)
    return cells, numbers


def is_pair(cells: pd.DataFrame) -> np.ndarray:
    """Whether two categories are equal: no single one tells."""
    return (cells["p"] == cells["q"]).to_numpy()


def test_crosses_find_what_only_two_categories_together_say() -> None:
    cells, numbers = table()
    y = is_pair(cells).astype(int)
    made = LookupColumns("crosses").fit_transform((cells, numbers), y)
    assert np.abs(np.corrcoef(np.column_stack([y, made]).T)[0, 1:]).max() > 0.9


def test_keys_find_rows_that_come_again() -> None:
    rng = np.random.default_rng(0)
    firms = np.repeat(rng.normal(size=(150, 6)), 3, axis=0)
    numbers = firms + rng.normal(0, 1e-4, firms.shape)
    y = np.repeat(rng.normal(size=150), 3)
    none = pd.DataFrame(index=range(450))
    block = LookupColumns("keys", classification=False)
    made = block.fit_transform((none, numbers), y)
    assert np.abs(np.corrcoef(np.column_stack([y, made]).T)[0, 1:]).max() > 0.6
    again = block.transform((none.iloc[:150], firms[::3] + 1e-4))
    assert np.abs(np.corrcoef(np.column_stack([y[::3], again]).T)[0, 1:]).max() > 0.8


def test_groups_say_where_a_number_stands_in_its_category() -> None:
    codes = np.repeat([0, 1], 100)[:, None]
    numbers = np.concatenate([np.arange(100.0), 1000 + np.arange(100.0)])[:, None]
    block = GroupPlaces(((0, 0),)).fit(codes, numbers)
    fresh = block.transform(
        np.array([[0], [1], [0], [9]]), np.array([[99.0], [1000.0], [np.nan], [500.0]])
    )
    assert fresh[0, 0] == pytest.approx(2, rel=0.3)
    assert fresh[1, 0] == pytest.approx(1, rel=0.2)
    assert fresh[:2, 1].tolist() == [1.0, 0.0]
    assert np.isnan(fresh[2]).all()
    assert fresh[3, 1] == pytest.approx(0.5)  # judged by all rows


@pytest.mark.parametrize("kind", ["crosses", "keys", "all"])
def test_no_row_sees_its_own_target(kind: str) -> None:
    """Changing one target changes nothing in its own row."""
    cells, numbers = table(120)
    y = np.random.default_rng(1).normal(size=120)
    changed = y.copy()
    changed[7] += 1_000
    one, other = (
        LookupColumns(kind, classification=False).fit_transform((cells, numbers), each)
        for each in (y, changed)
    )
    np.testing.assert_array_equal(one[7], other[7])
    assert (one != other).any()


def test_targets_of_rows_that_are_only_transformed_do_not_matter() -> None:
    cells, numbers = table()
    y = is_pair(cells).astype(int)
    train = np.arange(300)
    block = LookupColumns("all").fit((cells.iloc[train], numbers[train]), y[train])
    held = (cells.iloc[300:], numbers[300:])
    before = block.transform(held)
    assert before.shape[0] == 100
    np.testing.assert_array_equal(block.transform(held), before)
    # Row by row: what stands beside a row says nothing of it.
    alone = np.vstack([block.transform((held[0].iloc[[i]], held[1][[i]])) for i in range(5)])
    np.testing.assert_array_equal(alone, before[:5])


def test_rows_of_one_group_do_not_tell_of_each_other() -> None:
    """A key that one group has to itself is one never seen: the mean before each of nine parts."""
    groups = np.arange(400) // 20
    numbers = np.column_stack([groups, groups, groups]).astype(float)
    y = np.random.default_rng(0).normal(size=20)[groups]
    none = pd.DataFrame(index=range(400))
    made = LookupColumns("keys", classification=False).fit_transform(
        (none, numbers), y, RowFacts(groups=groups)
    )
    assert made.shape[1] > 0
    assert np.abs(np.corrcoef(np.column_stack([y, made]).T)[0, 1:]).max() < 0.8
    assert all(len(np.unique(column)) <= 9 for column in made.T)


def test_newer_rows_do_not_tell_of_older_ones() -> None:
    cells, numbers = table()
    times = np.random.default_rng(2).permutation(400).astype(float)
    y = is_pair(cells).astype(float)
    changed = np.where(times >= 300, y + 1_000.0, y)
    facts = RowFacts(times=times)
    one, other = (
        LookupColumns("all", classification=False).fit_transform((cells, numbers), each, facts)
        for each in (y, changed)
    )
    old = (times >= 100) & (times < 300)
    np.testing.assert_allclose(one[old], other[old], atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_columns_and_pickles(kind: str) -> None:
    cells, numbers = table()
    y = np.arange(400) % 3
    block, again = LookupColumns(kind, seed=4), LookupColumns(kind, seed=4)
    made = block.fit_transform((cells, numbers), y)
    np.testing.assert_array_equal(made, again.fit_transform((cells, numbers), y))
    copy = pickle.loads(pickle.dumps(block))
    fresh = table(30, seed=9)
    np.testing.assert_array_equal(copy.transform(fresh), block.transform(fresh))


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_categories_and_missing_cells_are_averages(kind: str) -> None:
    cells, numbers = table()
    y = np.arange(400) % 2
    block = LookupColumns(kind, fill=True).fit((cells, numbers), y)
    unknown = cells.iloc[:3].copy()
    unknown.iloc[0] = "never seen"
    unknown.iloc[1] = np.nan
    odd = numbers[:3].copy()
    odd[1] = np.nan
    odd[2] = [1e300, -1e300, 0.0]
    assert np.isfinite(block.transform((unknown, odd))).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_numbers", [0, 1, 3])
@pytest.mark.parametrize("n_categories", [0, 1, 3])
def test_any_numbers_of_columns(kind: str, n_numbers: int, n_categories: int) -> None:
    cells, numbers = table(60)
    part = (cells.iloc[:, :n_categories], numbers[:, :n_numbers])
    block = LookupColumns(kind)
    made = block.fit_transform(part, np.arange(60) % 2)
    assert made.dtype == np.float32
    assert made.shape[1] <= 3 * MOST_LOOKUPS
    assert block.transform(part).shape == made.shape


def test_many_classes_get_few_subsets() -> None:
    cells, numbers = table()
    made = LookupColumns("crosses").fit_transform((cells, numbers), np.arange(400) % 20)
    assert made.shape[1] <= MOST_LOOKUPS


def test_keys_tell_apart_columns_and_values() -> None:
    X = np.array([[0, 1], [1, 0], [0, 1], [1, 1], [1, 0], [0, 0]])
    codes = SubsetKeys(((0,), (0, 1))).fit(X).transform(X)
    assert len(np.unique(codes[:, 0])) == 2
    assert len(np.unique(codes[:, 1])) == 4
    fresh = SubsetKeys(((0, 1),)).fit(X[:3]).transform(X)
    assert fresh[:, 0].tolist().count(2) == 2  # never seen: one code beyond the known two


def test_only_the_most_frequent_keys_are_remembered() -> None:
    often = np.repeat(np.arange(3), 10)
    X = np.concatenate([often, 10 + np.arange(MOST_KEYS)])[:, None]
    block = SubsetKeys(((0,),)).fit(X)
    assert len(block.keys_[0]) == MOST_KEYS
    assert (block.transform(often[:, None]) < MOST_KEYS).all()


def test_near_numbers_are_one_and_missing_ones_are_their_own() -> None:
    column = np.random.default_rng(0).normal(5, 2, 500)[:, None]
    rounded = RoundedNumbers(0.1).fit(column)
    one = rounded.transform(np.array([[5.0], [5.01], [6.0], [np.nan], [np.inf]]))[:, 0]
    assert one[0] == one[1] != one[2]
    assert len(np.unique(one)) == 4

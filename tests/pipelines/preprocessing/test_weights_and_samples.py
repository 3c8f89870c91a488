"""Preprocessing that looks at the target weighs its rows; long tables are drawn from."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.splitting.inner_folds import RowFacts
from espalier.pipelines.preprocessing.construct import PairwiseFeatures
from espalier.pipelines.preprocessing.scaling import StandardAndRanks
from espalier.pipelines.preprocessing.select import SelectColumns
from espalier.pipelines.preprocessing.strength import mutual_information
from espalier.pipelines.preprocessing.target_means import TargetMeans
from espalier.pipelines.preprocessing.text import TextColumn
from espalier.pipelines.seeds import drawn_rows

RNG = np.random.default_rng(0)
N_ROWS = 800
COUNTS = np.arange(N_ROWS) % 2 == 0
"""Rows that count; the others weigh next to nothing, and say the opposite."""
FACTS = RowFacts(weight=np.where(COUNTS, 2.0, 2e-9))


def test_information_is_that_of_the_rows_that_count() -> None:
    X = RNG.normal(size=(N_ROWS, 2))
    y = np.where(COUNTS, X[:, 0], X[:, 1])
    weighed = mutual_information(X, y, classification=False, weight=FACTS.weight)
    assert weighed[0] > 5 * weighed[1]
    equal = mutual_information(X, y, classification=False, weight=np.ones(N_ROWS))
    np.testing.assert_allclose(equal, mutual_information(X, y, classification=False))


@pytest.mark.parametrize("criterion", ["information", "importance"])
def test_columns_are_selected_by_the_rows_that_count(criterion: str) -> None:
    X = RNG.normal(size=(N_ROWS, 2))
    y = np.where(COUNTS, X[:, 0] > 0, X[:, 1] > 0).astype(int)
    assert SelectColumns(criterion, 0.5).fit(X, y, FACTS).columns_.tolist() == [0]


def test_features_are_constructed_by_the_rows_that_count() -> None:
    X = RNG.normal(size=(N_ROWS, 3))
    y = np.where(COUNTS, X[:, 0] * X[:, 1], X[:, 1] * X[:, 2])
    made = PairwiseFeatures("arithmetic", classification=False).fit(X, y, FACTS).chosen_
    assert made[0] == ("product", 0, 1)


def test_target_means_are_those_of_the_rows_that_count() -> None:
    codes = (np.arange(N_ROWS) // 2 % 4)[:, None]
    y = np.where(COUNTS, codes[:, 0], 100.0)
    means = TargetMeans(classification=False)
    encoded = means.fit_transform(codes, y, FACTS)
    np.testing.assert_allclose(encoded[:, 0], codes[:, 0], atol=0.1)
    np.testing.assert_allclose(means.transform(codes)[:, 0], codes[:, 0], atol=0.1)
    equal = TargetMeans(classification=False).fit_transform(
        codes, y, RowFacts(weight=np.ones(N_ROWS))
    )
    plain = TargetMeans(classification=False).fit_transform(codes, y)
    np.testing.assert_allclose(equal, plain, rtol=1e-5)


def test_target_means_look_at_no_row_of_the_same_group() -> None:
    """A level that one group has to itself is one never seen."""
    groups = np.arange(400) // 20
    y = groups + RNG.normal(size=400)
    encoded = TargetMeans(classification=False).fit_transform(
        groups[:, None], y, RowFacts(groups=groups)
    )
    assert len(np.unique(encoded)) <= 5


def test_target_means_look_at_no_newer_row() -> None:
    times = RNG.permutation(400).astype(float)
    codes = RNG.integers(0, 3, (400, 1))
    y = codes[:, 0] + RNG.normal(0, 0.1, 400)
    facts = RowFacts(times=times)
    before = TargetMeans(classification=False).fit_transform(codes, y, facts)
    changed = np.where(times >= 300, y + 1_000.0, y)
    after = TargetMeans(classification=False).fit_transform(codes, changed, facts)
    old = (times < 300) & (times >= 100)
    np.testing.assert_allclose(before[old], after[old], atol=1e-3)
    assert np.corrcoef(before[old, 0], y[old])[0, 1] > 0.95


def test_repeated_strings_are_encoded_from_other_groups() -> None:
    groups = np.arange(400) // 20
    strings = pd.Series([f"name {each}" for each in groups], dtype=object)
    y = groups + RNG.normal(size=400)
    column = TextColumn(n_components=2, classification=False)
    means = column.fit_transform(strings, y, RowFacts(groups=groups))
    plain = TextColumn(n_components=2, classification=False).fit_transform(strings, y)
    # Sizes come first (characters, words), then the count, then the mean target.
    assert abs(np.corrcoef(plain[:, 3], y)[0, 1]) > 0.9
    assert len(np.unique(means[:, 3])) <= 5


def test_a_sample_of_a_periodic_table_holds_every_month() -> None:
    """Of 60,000 rows, a month each, every twelfth row is one and the same month."""
    month = np.arange(60_000) % 12
    rows = drawn_rows(60_000, 5_000, seed=0)
    assert (np.diff(rows) > 0).all()
    shares = np.bincount(month[rows], minlength=12) / len(rows)
    assert shares.min() > 0.06
    assert drawn_rows(10, 20, seed=0).tolist() == list(range(10))


def test_information_of_a_periodic_column_is_found() -> None:
    month = np.arange(60_000) % 12
    X = np.column_stack([month, RNG.normal(size=60_000)]).astype(float)
    strength = mutual_information(X, (month >= 6).astype(int), classification=True)
    assert strength[0] > 0.5


def test_a_sorted_column_keeps_its_ranks() -> None:
    """The first thousand rows of a sorted table hold one value."""
    X = np.sort(np.concatenate([np.zeros(2_000), RNG.lognormal(size=4_000)]))[:, None]
    assert StandardAndRanks().fit(X).transform(X).shape == (6_000, 2)

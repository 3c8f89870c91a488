"""What single steps compute."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from espalier.pipelines.preprocessing.categorical import CategoricalBlock
from espalier.pipelines.preprocessing.codes import CategoryCodes
from espalier.pipelines.preprocessing.construct import PairwiseFeatures
from espalier.pipelines.preprocessing.dates import DateParts
from espalier.pipelines.preprocessing.numeric import NumericBlock
from espalier.pipelines.preprocessing.project import Project
from espalier.pipelines.preprocessing.scaling import SCALINGS, make_scaler
from espalier.pipelines.preprocessing.select import SelectColumns
from espalier.pipelines.preprocessing.strength import mutual_information
from espalier.pipelines.preprocessing.target_means import TargetMeans
from espalier.pipelines.preprocessing.text import TextColumn

RNG = np.random.default_rng(0)


def frame(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({name: np.array(values, dtype=object) for name, values in columns.items()})


def test_codes_follow_natural_order_and_set_rare_unseen_and_missing_apart() -> None:
    seen = frame(a=["x10", "x2", "x2", "x10", "x2", "once", np.nan, "x2", "x10", "x2"])
    codes = CategoryCodes(min_share=0.2).fit(seen)
    fresh = frame(a=["x2", "x10", "once", "new", np.nan])
    assert codes.transform(fresh)[:, 0].tolist() == [0, 1, 2, 2, 3]


@pytest.mark.parametrize("dtype", ["object", "str", "string", "category"])
def test_codes_take_any_kind_of_string(dtype: str) -> None:
    values = pd.DataFrame({"a": pd.Series(["b", "a", None, "b"]).astype(dtype)})
    codes = CategoryCodes().fit(values)
    assert codes.transform(values)[:, 0].tolist() == [1, 0, 3, 1]


def test_onehot_drops_one_of_two_complementary_columns() -> None:
    two = frame(a=["yes", "no", "yes", "no"])
    assert CategoricalBlock("onehot").fit_transform(two, np.zeros(4)).shape == (4, 1)
    three = frame(a=["yes", "no", "yes", np.nan])
    assert CategoricalBlock("onehot").fit_transform(three, np.zeros(4)).shape == (4, 3)


def test_ordinal_keeps_missing_where_the_model_takes_it() -> None:
    values = frame(a=["u", np.nan, "v"])
    kept = CategoricalBlock("ordinal", fill=False).fit_transform(values, np.zeros(3))
    filled = CategoricalBlock("ordinal", fill=True).fit_transform(values, np.zeros(3))
    assert np.isnan(kept[1, 0])
    assert filled[1, 0] == 3


def test_target_means_do_not_show_a_row_its_own_target() -> None:
    """Levels of one row each say nothing; encoded naively they would say everything."""
    codes, y = np.arange(200)[:, None], RNG.normal(size=200)
    encoded = TargetMeans(classification=False).fit_transform(codes, y)
    assert abs(np.corrcoef(encoded[:, 0], y)[0, 1]) < 0.35
    assert np.ptp(encoded) < 0.5 * np.ptp(y)


def test_target_means_tell_levels_apart_and_give_unseen_ones_the_average() -> None:
    codes = (np.arange(400) % 4)[:, None]
    y = codes[:, 0] * 10.0 + RNG.normal(size=400)
    means = TargetMeans(classification=False).fit(codes, y)
    found = means.transform(np.array([[0], [1], [2], [3], [9]]))[:, 0]
    np.testing.assert_allclose(found, [0, 10, 20, 30, 15], atol=0.5)


def test_target_means_of_many_classes_stay_narrow() -> None:
    codes, y = (np.arange(600) % 7)[:, None], np.arange(600) % 50
    assert TargetMeans().fit_transform(codes, y).shape == (600, 12)


@example(X=np.array([[np.nan], [0.0], [9e307], [9e307]]), name="robust", imputation="median")
@settings(max_examples=30, deadline=None)
@given(
    X=arrays(
        np.float64,
        st.tuples(st.integers(2, 30), st.integers(1, 4)),
        elements=st.floats(allow_infinity=False, width=64),
    ),
    name=st.sampled_from(SCALINGS),
    imputation=st.sampled_from(["median", "mean"]),
)
def test_any_numbers_come_out_finite(X: np.ndarray, name: str, imputation: str) -> None:
    block = NumericBlock(imputation=imputation, scaling=name)
    with np.errstate(all="ignore"):
        learned = block.fit_transform(X, np.arange(len(X)) % 2)
        answered = block.transform(X)
    assert np.isfinite(learned).all()
    np.testing.assert_array_equal(learned, answered)


@pytest.mark.parametrize("name", SCALINGS[1:])
def test_scalers_bring_columns_to_a_common_size(name: str) -> None:
    X = np.column_stack([RNG.lognormal(0, 2, 500), RNG.normal(1e6, 10, 500)])
    scaled = make_scaler(name, seed=0).fit(X).transform(X)
    assert np.abs(np.median(scaled, axis=0)).max() < 1
    assert np.abs(scaled).max() < 13
    assert np.std(scaled[:, 1]) == pytest.approx(1, abs=0.35)


def test_ranks_of_a_column_of_mostly_zeros_stay_near_the_middle() -> None:
    X = np.zeros((200, 1))
    X[:10, 0] = np.arange(1, 11)
    scaled = make_scaler("quantile", seed=0).fit(X).transform(X)
    assert abs(scaled[-1, 0]) < 0.5


def test_large_numbers_that_differ_little_stay_apart() -> None:
    X = 1e9 + np.arange(50, dtype=np.float64)[:, None]
    for imputation in ("none", "median"):
        block = NumericBlock(imputation=imputation, scaling="none")
        assert len(np.unique(block.fit_transform(X, np.zeros(50)))) == 50


def test_gaps_are_marked_where_they_are_filled() -> None:
    X = np.column_stack([np.arange(10.0), np.arange(10.0)])
    X[::3, 1] = np.nan
    filled = NumericBlock(scaling="none").fit_transform(X, np.zeros(10))
    np.testing.assert_array_equal(filled[:, 2], np.isnan(X[:, 1]))
    assert filled[0, 1] == np.nanmedian(X[:, 1])
    left = NumericBlock(imputation="none", scaling="none").fit_transform(X, np.zeros(10))
    np.testing.assert_array_equal(np.isnan(left), np.isnan(X))


def test_construction_finds_the_ratio_that_decides() -> None:
    X = RNG.lognormal(0, 1, (800, 4))
    y = (X[:, 1] / X[:, 3] > 1).astype(int)
    made = PairwiseFeatures("arithmetic").fit(X, y)
    assert ("ratio", 1, 3) in made.chosen_ or ("difference", 1, 3) in made.chosen_
    assert np.isfinite(made.transform(np.zeros((3, 4)))).all()


@pytest.mark.parametrize("criterion", ["information", "importance"])
def test_selection_keeps_the_columns_that_count(criterion: str) -> None:
    X = RNG.normal(size=(400, 10))
    y = 3 * X[:, 2] + X[:, 7]
    kept = SelectColumns(criterion, share=0.2, classification=False).fit(X, y).columns_
    assert kept.tolist() == [2, 7]


def test_selection_by_correlation_keeps_one_of_two_copies() -> None:
    X = RNG.normal(size=(300, 3))
    X = np.column_stack([X, X[:, 0] * 2 + 1])
    y = (X[:, 0] + X[:, 1] > 0).astype(int)
    kept = SelectColumns("correlation", share=1.0).fit(X, y).columns_
    assert len(kept) == 3
    assert not {0, 3} <= set(kept.tolist())


def test_information_ranks_signal_above_noise() -> None:
    X = RNG.normal(size=(1_000, 3))
    X[::7, 1] = np.nan
    strength = mutual_information(X, X[:, 0] ** 2, classification=False)
    assert strength[0] > 10 * max(strength[1], strength[2])
    assert (strength >= 0).all()


def test_date_parts_and_their_circle() -> None:
    dates = pd.DataFrame({"d": pd.to_datetime(["2024-12-31 23:30", "2025-01-01 00:10", None])})
    plain = DateParts().fit(dates).transform(dates)
    assert plain[0, 1:].tolist() == [2024, 12, 31, 366, 1, 23, 30]
    assert np.isnan(plain[2]).all()
    circle = DateParts(cyclic=True).fit(dates).transform(dates)[:, 8:]
    # December lies beside January only on the circle.
    assert np.abs(circle[0] - circle[1]).max() < 1.0


def test_text_puts_dirty_spellings_together() -> None:
    clean = ["engineer", "teacher", "librarian", "plumber"] * 30
    column = TextColumn(n_components=6, analyzer="char").fit(
        pd.Series(np.array(clean, dtype=object)), np.arange(120) % 2
    )
    vectors = column.transform(pd.Series(["enginer", "engineer", "plumber"], dtype=object))[:, -3:]
    near, far = np.linalg.norm(vectors[0] - vectors[1]), np.linalg.norm(vectors[1] - vectors[2])
    assert near < 0.6 * far


def test_strings_that_repeat_also_come_as_counts_and_means() -> None:
    names = pd.Series(np.array(["a", "b", "b", "b"] * 25, dtype=object))
    y = (names == "a").to_numpy().astype(int)
    column = TextColumn(n_components=2).fit(names, y)
    numbers = column.transform(pd.Series(["a", "b", "never"], dtype=object))
    np.testing.assert_allclose(np.expm1(numbers[:, 2]), [25, 75, 0], rtol=1e-4)
    assert numbers[0, 3] > 0.9 > 0.5 > numbers[2, 3] > numbers[1, 3]


def test_projections_keep_to_the_size_asked_for() -> None:
    X = RNG.normal(size=(60, 8)).astype(np.float32)
    assert Project("pca", 3).fit(X).transform(X).shape == (60, 3)
    assert Project("kernel", 20).fit(X).transform(X).shape == (60, 20)
    assert Project("pca", 300).fit(X[:5]).transform(X).shape == (60, 5)

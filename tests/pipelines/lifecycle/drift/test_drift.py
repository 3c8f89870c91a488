import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from espalier.pipelines.lifecycle.drift.column_cells import CellKind
from espalier.pipelines.lifecycle.drift.drift import DriftLimits, measure_drift
from espalier.pipelines.lifecycle.drift.reference import TableProfile, profile_table, sample_rows
from espalier.pipelines.lifecycle.drift.two_sample import two_sample_test

LIMITS = DriftLimits()


def shop(n=600, seed=0, **changes):
    """Return rows of a shop; a change is added to a column, or replaces it."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "price": rng.gamma(2.0, 10.0, n).round(2),
            "colour": rng.choice(["red", "green", "blue"], n, p=[0.5, 0.3, 0.2]),
            "text": [f"sold {' '.join(['very'] * k)} well" for k in rng.integers(1, 9, n)],
            "day": pd.date_range("2024-01-01", periods=n, freq="h").astype(str),
            "gap": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "bought": np.where(rng.random(n) < 0.4, "yes", "no"),
        }
    )
    for name, change in changes.items():
        table[name] = change(table[name])
    return table


def profile(table):
    return profile_table(table, target="bought", is_classification=True)


def drifted(now):
    report = measure_drift(profile(shop()), now)
    return {each.column for each in report.drifted(LIMITS)}


def test_more_of_the_same_is_no_drift_though_the_date_moves_on():
    later = shop(seed=1, day=lambda day: pd.to_datetime(day) + pd.Timedelta(days=365))
    report = measure_drift(profile(shop()), later)
    day = next(each for each in report.columns if each.column == "day")
    assert (day.kind, day.distance) == (CellKind.DATE, 1.0)
    assert report.findings(LIMITS) == ()
    assert report.largest_index < 0.1


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("price", lambda price: price * 2),
        ("price", lambda price: price.map(lambda cell: f"about {cell}")),
        ("price", lambda price: pd.to_datetime("2024-01-01") + pd.to_timedelta(price, "D")),
        ("colour", lambda colour: colour.replace({"red": "mauve"})),
        ("colour", lambda colour: colour.replace({"red": "blue"})),
        ("text", lambda text: text + " and will be sold again and again for ever"),
        ("gap", lambda gap: gap.mask(gap > 0)),
        ("gap", lambda gap: gap * np.nan),
        ("bought", lambda bought: bought.replace({"yes": "no"})),
    ],
)
def test_a_column_that_moved_is_named_and_no_other(column, change):
    assert drifted(shop(seed=1, **{column: change})) == {column}


def test_new_categories_are_counted_and_named():
    now = shop(seed=1, colour=lambda colour: colour.replace({"red": "mauve"}))
    report = measure_drift(profile(shop()), now)
    (colour,) = report.drifted(LIMITS)
    assert colour.new_share == pytest.approx(0.5, abs=0.06)
    assert colour.new_levels == ("mauve",)
    assert "mauve" in colour.text
    assert "% never seen" in colour.text


def test_numbers_as_text_are_no_drift():
    assert drifted(shop(seed=1, price=lambda price: price.map("{:,.2f}".format))) == set()


def test_few_rows_prove_nothing():
    assert drifted(shop(n=12, seed=1, price=lambda price: price * 1.5)) == set()


def test_without_a_target_the_features_are_compared():
    report = measure_drift(profile(shop()), shop(seed=1).drop(columns="bought"))
    assert report.target is None
    assert len(report.columns) == 5


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.0, 4.0))
def test_a_larger_shift_is_never_a_smaller_drift(seed, shift):
    before = profile(shop(seed=seed))

    def price_of(step):
        now = shop(seed=seed + 1, price=lambda price: price + step * 10)
        return next(each for each in measure_drift(before, now).columns if each.column == "price")

    small, large = price_of(shift), price_of(shift + 1.0)
    assert large.distance >= small.distance - 1e-9
    assert large.moved > small.moved - 0.2


def test_a_profile_without_rows_says_the_same():
    table = shop(n=3000)
    kept, thinned = profile(table), TableProfile.from_json(profile(table).to_json())
    now = shop(seed=1, price=lambda price: price * 1.3)
    one, two = measure_drift(kept, now), measure_drift(thinned, now)
    assert [each.column for each in one.drifted(LIMITS)] == [
        each.column for each in two.drifted(LIMITS)
    ]
    for left, right in zip(one.columns, two.columns, strict=True):
        assert left.index == pytest.approx(right.index, abs=0.02, rel=0.02)
        assert left.distance == pytest.approx(right.distance, abs=0.02)


def test_a_sample_is_seeded_and_bounded():
    table = shop(n=1000)
    one, two = (sample_rows(table, ["price", "bought"], seed=3, most=100) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert one.shape == (100, 2)
    assert len(sample_rows(table.head(50), ["price"], seed=3, most=100)) == 50


def test_a_classifier_sees_how_columns_go_together():
    rng = np.random.default_rng(0)
    x = rng.normal(size=800)
    before = pd.DataFrame({"a": x, "b": rng.normal(size=800), "y": 0})
    now = pd.DataFrame({"a": x, "b": x + rng.normal(0, 0.2, 800), "y": 0})
    now["b"] *= before["b"].std() / now["b"].std()
    known = profile_table(before, target="y", is_classification=False)
    assert measure_drift(known, now).drifted(LIMITS) == ()  # column by column nothing has moved
    test = two_sample_test(before, now, known, seed=0)
    assert test.auc > 0.8
    assert test.p_value < 1e-6
    report = measure_drift(known, now, classifier=test)
    assert "AUC" in report.findings(LIMITS)[0]


def test_a_classifier_rarely_tells_equal_tables_apart():
    found = []
    for seed in range(20):
        before, now = shop(n=150, seed=seed), shop(n=100, seed=100 + seed)
        found.append(two_sample_test(before, now, profile(before), seed=seed).p_value)
    assert sum(p_value < 0.05 for p_value in found) <= 3


def test_a_classifier_needs_rows():
    assert two_sample_test(shop(n=30), shop(n=500), profile(shop()), seed=0) is None

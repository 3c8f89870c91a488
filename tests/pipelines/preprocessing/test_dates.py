import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.data.assemble import assemble
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.preprocessing.build import build_features
from espalier.pipelines.preprocessing.dates import MOST_GAPS, DateParts
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.preprocessing import bends

HOURLY = pd.date_range("2021-01-01", periods=24 * 30, freq="h")
DAILY = pd.date_range("2021-01-01", periods=800, freq="D")
ALL = {"days", "year", "month", "day", "day_of_year", "weekday", "hour", "minute"}


def parts_of(dates, **options):
    frame = pd.DataFrame({"t": dates})
    made = DateParts(time="t", **options).fit(frame)
    return set(made._parts(pd.DatetimeIndex(frame["t"]), made.unseen_)), made


def test_the_time_column_says_the_parts_of_cycles_that_were_seen_twice():
    # In a month of rows the month is a trend, and newer rows have another one.
    assert parts_of(HOURLY)[0] == {"weekday", "hour", "minute"}
    assert parts_of(DAILY)[0] == ALL - {"days", "year"}
    assert parts_of(DAILY[:120])[0] == {"day", "weekday", "hour", "minute"}
    assert parts_of(DAILY[:10])[0] == {"hour", "minute"}


def test_its_trend_is_a_choice():
    assert parts_of(HOURLY, trend=True)[0] == {"days", "year", "weekday", "hour", "minute"}
    assert parts_of(DAILY, trend=True)[0] == ALL


def test_which_cycles_were_seen_is_told_by_the_training_rows_alone():
    found, made = parts_of(DAILY)
    one = made.transform(pd.DataFrame({"t": DAILY[:1]}))
    assert one.shape == (1, len(found))
    missing = made.transform(pd.DataFrame({"t": pd.to_datetime([pd.NaT])}))
    assert np.isnan(missing).all()


def test_other_date_columns_keep_all_their_parts():
    frame = pd.DataFrame({"t": HOURLY, "born": HOURLY})
    assert DateParts(time="t").fit(frame).transform(frame).shape[1] == 3 + len(ALL)


def test_the_days_between_dates_are_features():
    frame = pd.DataFrame({"a": DAILY[:3], "b": DAILY[1:4] + pd.Timedelta(hours=12)})
    frame.loc[2, "a"] = pd.NaT
    gaps = DateParts(gaps=True).fit(frame).transform(frame)[:, -1]
    np.testing.assert_allclose(gaps, [1.5, 1.5, np.nan])


def test_the_differences_of_many_date_columns_are_bounded():
    frame = pd.DataFrame({f"d{at}": DAILY[:5] for at in range(40)})
    made = DateParts(gaps=True).fit(frame).transform(frame)
    assert made.shape[1] == 40 * len(ALL) + MOST_GAPS


def test_dates_of_a_model_that_an_earlier_version_saved_are_read_as_before():
    old = DateParts.__new__(DateParts)
    old.__dict__.update(cyclic=True, fitted_=True)
    frame = pd.DataFrame({"a": DAILY[:3], "b": DAILY[1:4]})
    np.testing.assert_array_equal(
        old.transform(frame), DateParts(cyclic=True).fit(frame).transform(frame)
    )


@pytest.fixture
def ordered():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"x": rng.normal(size=800), "when": DAILY.astype(str), "n": np.arange(800)}
    )
    table["y"] = table["x"] + DAILY.day_of_week + rng.normal(size=800)
    return table


def test_the_time_column_is_a_feature_as_well_as_the_order(ordered):
    made = assemble(ordered, target="y", time_column="when")
    assert made.dataset.roles["when"] is ColumnRole.TIME
    assert made.dataset.shape.has_time
    assert made.dataset.shape.n_datetime == 1
    assert len(np.unique(made.dataset.times)) == 800
    assert "when" in made.preparation.columns  # so a row to predict needs it


def test_a_time_column_of_numbers_and_an_excluded_one_are_the_order_only(ordered):
    numbers = assemble(ordered.drop(columns="when"), target="y", time_column="n")
    left_out = assemble(ordered, target="y", time_column="when", exclude=["when", "n"])
    assert list(numbers.dataset.roles) == ["x"]
    assert list(left_out.dataset.roles) == ["x"]
    assert left_out.dataset.times is not None
    assert not left_out.dataset.shape.has_time


def test_a_copy_of_the_time_column_does_not_bring_its_trend_back(ordered):
    table = pd.DataFrame({"day": ordered["when"]}).join(ordered)
    made = assemble(table, target="y", time_column="when", exclude=["n"])
    assert made.dataset.roles == {"x": ColumnRole.NUMERIC, "when": ColumnRole.TIME}


def test_by_default_trees_have_the_trend_and_lines_have_not(ordered):
    data = assemble(ordered, target="y", time_column="when").dataset
    learners = choose_learners(["linear", "lightgbm", "mlp", "extra_trees"], data.shape)
    space = SearchSpace(learners, data.shape)
    trend = {name: space.default(name)["prep_trend"] for name in space.families}
    assert trend == {"linear": False, "lightgbm": True, "mlp": False, "extra_trees": True}
    for learner in learners:
        traits = learner.preprocessing
        made = build_features({}, traits, data.roles, data.shape, seed=0)
        assert made.dates.time == "when"
        assert made.dates.trend == bends(traits) == trend[learner.name]


def test_other_tables_have_no_such_choice(ordered):
    data = assemble(ordered, target="y").dataset
    space = SearchSpace(choose_learners(["linear"], data.shape), data.shape)
    assert "prep_trend" not in space.default("linear")
    assert not data.shape.has_time

"""Series whose parts are known."""

import numpy as np
import pandas as pd
import pytest

from espalier.pipelines.explain.series_parts import calendar_effects, series_parts
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.read import read_series

COLUMNS = SeriesColumns(time="time", target="target", series=None, known_covariates=())


def table(values, freq="D", first="2024-01-01"):
    times = pd.date_range(first, periods=len(values), freq=freq)
    return read_series(
        pd.DataFrame({"time": times, "target": values}), COLUMNS, freq=None, season=7
    )


def shown(effect):
    return dict(zip(effect.labels, effect.effects, strict=True))


def test_trend_and_season_are_found_again():
    steps = np.arange(140)
    week = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 7.0, -7.0])
    found = series_parts(table(100 + 0.5 * steps + week[steps % 7]), 0)
    assert found is not None
    inner = np.array(found.trend)[3:-3]
    np.testing.assert_allclose(inner, (100 + 0.5 * steps)[3:-3], atol=1e-9)
    # The forecast begins on the 141st step, which is of the first day of the week again; at the
    # ends of the series the trend is held, which moves the means a little.
    np.testing.assert_allclose(found.season, week, atol=0.2)
    assert found.trend_strength > 0.95
    assert found.season_strength > 0.95


def test_noise_has_neither_trend_nor_season():
    noise = np.random.default_rng(0).normal(100, 1, 400)
    found = series_parts(table(noise), 0)
    assert found is not None
    assert found.season_strength < 0.2
    assert found.trend_strength < 0.4


def test_a_short_series_is_not_taken_apart():
    assert series_parts(table(np.arange(10.0)), 0) is None


def test_weekends_and_months_show_in_the_calendar():
    days = pd.date_range("2022-01-01", periods=3 * 365)
    values = 100.0 + 30.0 * (days.day_of_week >= 5) + 20.0 * (days.month == 12)
    by_unit = {each.unit: each for each in calendar_effects(table(values, first="2022-01-01"))}
    week = shown(by_unit["day of the week"])
    assert week["Sat"] == pytest.approx(0.19, abs=0.03)
    assert week["Mon"] < 0
    year = shown(by_unit["month"])
    assert max(year, key=lambda month: year[month]) == "Dec"


def test_hours_show_for_hourly_series_and_quarters_for_quarterly_ones():
    hours = 10.0 + 5.0 * (np.arange(24 * 30) % 24 == 8)
    found = {each.unit: each for each in calendar_effects(table(hours, "h"))}
    assert max(range(24), key=lambda hour: found["hour of the day"].effects[hour]) == 8
    quarters = 10.0 + np.array([0.0, 4.0, 0.0, 0.0] * 8)
    (found,) = calendar_effects(table(quarters, "QS"))
    assert found.unit == "quarter"
    assert max(range(4), key=lambda quarter: found.effects[quarter]) == 1


def test_numbers_have_no_calendar():
    frame = pd.DataFrame({"time": np.arange(60), "target": np.arange(60.0)})
    assert calendar_effects(read_series(frame, COLUMNS, freq=None, season=None)) == ()

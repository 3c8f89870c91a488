"""Finished forecasts are scored by step, by series and with an interval."""

import numpy as np
import pytest

from espalier.pipelines.forecasting.metrics import FORECAST_METRICS, Scales
from espalier.pipelines.forecasting.scores import ScoredForecast


def scored(n: int = 20, horizon: int = 4, metric: str = "mase"):
    """Return forecasts of 20 whose errors grow with the step."""
    rng = np.random.default_rng(0)
    actual = 20.0 + rng.normal(size=(n, horizon)) * np.arange(1, horizon + 1)
    made = np.full((n, horizon), 20.0)
    quantiles = np.stack([made - 2.0, made, made + 2.0], axis=2)
    return ScoredForecast(
        metric=FORECAST_METRICS[metric],
        actual=actual,
        made=made,
        quantiles=quantiles,
        levels=(0.1, 0.5, 0.9),
        scales=Scales(np.ones(n), np.ones(n)),
    )


def test_by_step_and_by_series_add_up_to_the_score():
    each = scored()
    assert np.mean(each.by_step) == pytest.approx(each.score)
    assert np.mean(each.by_series) == pytest.approx(each.score)
    assert each.by_step[3] > each.by_step[0]


def test_coverage_is_that_of_the_outer_quantiles():
    each = scored()
    assert each.covered == pytest.approx((np.abs(each.actual - 20) <= 2.0).mean())


@pytest.mark.parametrize("metric", list(FORECAST_METRICS))
def test_the_interval_is_around_the_score(metric):
    each = scored(metric=metric)
    low, high = each.interval(seed=0)
    assert 0 <= low < each.score < high
    assert each.interval(seed=0) == (low, high)


def test_of_few_series_blocks_of_time_tell_the_interval():
    one = scored(n=1)
    assert one.interval(seed=0) == (0.0, np.inf)
    low, high = one.interval(seed=0, other_blocks=(one.score * 0.9, one.score * 1.1))
    assert 0 <= low < one.score < high < np.inf


def test_series_without_any_change_are_scored_by_their_errors():
    each = scored()
    none = np.full(20, np.nan)
    constant = ScoredForecast(
        metric=each.metric,
        actual=each.actual,
        made=each.made,
        quantiles=each.quantiles,
        levels=each.levels,
        scales=Scales(none, none),
    )
    assert constant.score == pytest.approx(np.abs(each.actual - 20).mean())

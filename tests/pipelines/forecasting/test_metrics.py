"""Metrics of forecasts, against figures worked out by hand."""

import numpy as np
import pytest

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.metrics import (
    FORECAST_METRICS,
    Scales,
    coverage,
    forecast_metric,
    quantile_score,
    scrps,
    wql,
)
from espalier.pipelines.forecasting.panel import Panel

Y = np.array([[10.0, 12.0], [2.0, np.nan]])
F = np.array([[11.0, 10.0], [1.0, 5.0]])
SCALES = Scales(np.array([2.0, 0.5]), np.array([2.5, 0.5]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mase", (1.5 / 2.0 + 1.0 / 0.5) / 2),
        ("rmsse", (np.sqrt(2.5) / 2.5 + 1.0 / 0.5) / 2),
        ("smape", ((200 / 21 + 400 / 22) / 2 + 200 / 3) / 2),
        ("wape", 4.0 / 24.0),
        ("mae", 4.0 / 3.0),
        ("rmse", np.sqrt(6.0 / 3.0)),
    ],
)
def test_points(name: str, value: float) -> None:
    assert FORECAST_METRICS[name].score(Y, F, SCALES) == pytest.approx(value)


def test_scales_are_seasonal_changes_of_what_was_observed() -> None:
    panel = Panel.of([np.array([1.0, 5.0, 2.0, np.nan, 5.0]), np.array([3.0, 4.0])], season=2)
    scales = Scales.of(panel)
    assert scales.absolute[0] == pytest.approx((1 + 3) / 2)
    assert scales.squared[0] == pytest.approx(np.sqrt((1 + 9) / 2))
    assert scales.absolute[1] == 1.0  # shorter than a season: by steps


def test_a_series_without_change_has_no_scale_and_is_left_out() -> None:
    panel = Panel.of([np.ones(9), np.arange(9.0)])
    scales = Scales.of(panel)
    assert np.isnan(scales.absolute[0])
    y, f = np.ones((2, 1)), np.array([[9.0], [3.0]])
    assert FORECAST_METRICS["mase"].score(y, f, scales) == 2.0


def test_quantiles_of_the_median_alone_are_the_point_metrics() -> None:
    median = F[:, :, None]
    assert wql(Y, median, [0.5]) == pytest.approx(FORECAST_METRICS["wape"].score(Y, F, SCALES))
    assert scrps(Y, median, [0.5], SCALES) == pytest.approx(
        FORECAST_METRICS["mase"].score(Y, F, SCALES)
    )
    assert quantile_score("wql", Y, median, [0.5], SCALES) == wql(Y, median, [0.5])


def test_honest_quantiles_score_better_than_narrow_ones() -> None:
    rng = np.random.default_rng(0)
    y = 50 + rng.normal(size=(400, 5))
    levels = (0.1, 0.5, 0.9)
    honest = np.broadcast_to(50 + np.array([-1.2816, 0.0, 1.2816]), (400, 5, 3))
    narrow = np.broadcast_to(50 + np.array([-0.1, 0.0, 0.1]), (400, 5, 3))
    assert wql(y, honest, levels) < wql(y, narrow, levels)
    assert coverage(y, honest[..., 0], honest[..., 2]) == pytest.approx(0.8, abs=0.03)


def test_rows_are_scored_as_trials_are() -> None:
    metric = forecast_metric("MASE").metric
    y, f = np.array([1.0, 2.0]), np.array([2.0, 4.0])
    assert metric.sign == -1.0
    assert metric.function(y, f, np.array([1.0, 0.5])) == pytest.approx((1.0 + 1.0) / 2)


def test_an_unknown_metric_is_refused_with_what_there_is() -> None:
    with pytest.raises(UserError, match=r"unknown metric 'rmse2'.*there are: mase"):
        forecast_metric("rmse2")

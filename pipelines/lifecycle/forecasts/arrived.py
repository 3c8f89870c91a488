"""Forecast again from every origin since a training, and score by what has come."""

import numpy as np

from espalier.pipelines.forecasting.input.hold_out import without_last
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.metrics import ForecastMetric, Scales
from espalier.pipelines.forecasting.scores import ScoredForecast
from espalier.pipelines.serving.series_forecaster import SeriesForecaster

# Of a table with more horizons since the training, the newest are scored.
MOST_BLOCKS = 24


def first_unknown(forecaster: SeriesForecaster) -> int:
    """Return the number of the first step that a forecast's training knew no value of."""
    panel = forecaster.table.panel
    return int((panel.first + panel.lengths).max())


def arrived_blocks(
    forecaster: SeriesForecaster, table: SeriesTable, metric: ForecastMetric, *, after: int
) -> list[ScoredForecast]:
    """Return what was forecast beside what has come, one block of a horizon after the other.

    Each block is forecast from what was known at its beginning, as it would have been then. A
    series that had ended by then is not scored.

    Parameters
    ----------
    forecaster : SeriesForecaster
        The forecast.
    table : SeriesTable
        The history up to now.
    metric : ForecastMetric
        The metric to score by.
    after : int
        Number of the first step to forecast.
    """
    panel, horizon = table.panel, forecaster.horizon
    ends = panel.first + panel.lengths
    origins = range(after, int(ends.max()), horizon)[-MOST_BLOCKS:]
    found = []
    for origin in origins:
        back = np.clip(ends - origin, 0, panel.lengths)
        before = without_last(table, back)
        made, quantiles = forecaster.model.forecast(
            before.panel, tuple(before.names), before.hierarchy
        )
        scored = ScoredForecast(
            metric=metric,
            actual=panel.actual(back, horizon),
            made=made,
            quantiles=quantiles,
            levels=tuple(sorted(float(each) for each in forecaster.quantiles)),
            scales=Scales.of(before.panel),
        )
        if scored.n_values:
            found.append(scored)
    return found


def mean_score(blocks: list[ScoredForecast]) -> float:
    """Return the mean score of some blocks."""
    return float(np.mean([each.score for each in blocks]))

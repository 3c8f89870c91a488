"""Score finished forecasts: by the metric, with an interval, by step and by series.

Symbols as in `espalier.pipelines.forecasting.metrics`; Q quantiles.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from espalier.pipelines.forecasting.metrics import (
    FORECAST_METRICS,
    ForecastMetric,
    Scales,
    coverage,
    quantile_score,
)
from espalier.pipelines.forecasting.panel import Floats
from espalier.pipelines.metrics.resampling import resampling_units
from espalier.pipelines.seeds import generator

# With fewer series their differences say little about others: blocks of time are compared.
FEWEST_SERIES = 10
FEWEST_BLOCKS = 3
_SAMPLES = 1000
_LEVEL = 0.95


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ScoredForecast:
    """Forecasts beside what came.

    Attributes
    ----------
    metric : ForecastMetric
        The metric to score by.
    actual, made : array, shape (S, H)
        What came, NaN where nothing did, and the forecasts.
    quantiles : array, shape (S, H, Q)
        Their quantiles.
    levels : tuple of float
        Levels of the quantiles, ascending.
    scales : Scales
        What errors of each series are divided by, known before the forecast.
    """

    metric: ForecastMetric
    actual: Floats = field(repr=False)
    made: Floats = field(repr=False)
    quantiles: Floats = field(repr=False)
    levels: tuple[float, ...]
    scales: Scales = field(repr=False)

    @property
    def n_values(self) -> int:
        """Number of values to compare with."""
        return int(np.isfinite(self.actual).sum())

    @property
    def score(self) -> float:
        """The metric; the mean absolute error where no series has a scale; NaN without a value."""
        found = self._score(self.metric)
        return found if np.isfinite(found) else self._score(FORECAST_METRICS["mae"])

    def _score(self, metric: ForecastMetric) -> float:
        if not self.n_values:
            return float("nan")
        if metric.of_quantiles:
            return quantile_score(
                metric.name, self.actual, self.quantiles, self.levels, self.scales
            )
        return metric.score(self.actual, self.made, self.scales)

    @property
    def band(self) -> tuple[int, int] | None:
        """Places of the lowest and the highest quantile; None if they are not around the middle."""
        low, high = 0, len(self.levels) - 1
        return (low, high) if self.levels[low] < 0.5 < self.levels[high] else None

    @property
    def covered(self) -> float | None:
        """Share of the values within the `band`; None without a band or a value."""
        if self.band is None or not self.n_values:
            return None
        low, high = self.band
        return coverage(self.actual, self.quantiles[:, :, low], self.quantiles[:, :, high])

    def take(self, rows: NDArray[np.integer]) -> "ScoredForecast":
        """Return the forecasts of some series."""
        return replace(
            self,
            actual=self.actual[rows],
            made=self.made[rows],
            quantiles=self.quantiles[rows],
            scales=self.scales.take(rows),
        )

    @property
    def by_step(self) -> list[float]:
        """The score of each step; NaN where nothing came."""
        return [
            replace(
                self,
                actual=self.actual[:, step : step + 1],
                made=self.made[:, step : step + 1],
                quantiles=self.quantiles[:, step : step + 1],
            ).score
            for step in range(self.actual.shape[1])
        ]

    @property
    def by_series(self) -> list[float]:
        """The score of each series; NaN where nothing came or there is no scale."""
        return [self.take(np.array([row]))._score(self.metric) for row in range(len(self.actual))]

    def interval(self, *, seed: int, other_blocks: Sequence[float] = ()) -> tuple[float, float]:
        """Return a 95 % interval of the score.

        Parameters
        ----------
        seed : int
            Seed of the bootstrap samples.
        other_blocks : sequence of float
            Scores of earlier blocks of time.

        Notes
        -----
        Series are drawn with replacement. With fewer than ten, blocks of time are taken as draws
        in their place: the interval is the score and the standard deviation of the blocks, times a
        quantile of Student's t; it is infinite with fewer than three blocks.
        """
        rows = np.flatnonzero(np.isfinite(self.actual).any(axis=1))
        score, one_side = self.score, (1.0 + _LEVEL) / 2.0
        if not len(rows):
            return score, score
        if len(rows) < FEWEST_SERIES:
            blocks = [score, *(each for each in other_blocks if np.isfinite(each))]
            if len(blocks) < FEWEST_BLOCKS:
                return 0.0, float("inf")
            half = float(np.std(blocks, ddof=1) * stdtrit(len(blocks) - 1, one_side))
            return max(0.0, score - half), score + half
        units = resampling_units(len(rows))
        rng = generator(seed, "forecast", "bootstrap")
        drawn = np.array([self.take(rows[units.draw(rng)]).score for _ in range(_SAMPLES)])
        drawn = drawn[np.isfinite(drawn)]
        if units.few:
            half = units.half_width(drawn, one_side)
            return max(0.0, score - half), score + half
        tail = units.tail(one_side)
        low, high = np.quantile(drawn, [tail, 1.0 - tail])
        return float(low), float(high)

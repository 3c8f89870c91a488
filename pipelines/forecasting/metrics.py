"""Metrics of forecasts.

Symbols: S series, H steps, Q quantiles; y actual, f forecast. A scale of a series is the mean
absolute difference between its values one season apart, before the forecast. All means are over
what was observed; a metric over series counts every series alike.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.panel import Floats, Panel
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.problem import ProblemKind

Score = Callable[[Floats, Floats, "Scales"], float]


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """What errors of each series are divided by, shape (S,) each; NaN where there is none.

    Attributes
    ----------
    absolute : array
        Mean absolute change over one season.
    squared : array
        Root of the mean squared change over one season.
    """

    absolute: Floats
    squared: Floats

    @classmethod
    def of(cls, panel: Panel) -> "Scales":
        """Return the scales of a panel's values up to its origin, by observed values only."""
        m, n = panel.season, len(panel)
        absolute, squared = np.full(n, np.nan), np.full(n, np.nan)
        for row in range(n):
            begin, end = int(panel.starts[row]), int(panel.stops[row])
            for lag in (m, 1):  # a series shorter than a season is scaled by its steps
                if end - begin <= lag:
                    continue
                known = panel.observed[begin + lag : end] & panel.observed[begin : end - lag]
                change = (panel.values[begin + lag : end] - panel.values[begin : end - lag])[known]
                if len(change) and np.any(change != 0):
                    absolute[row] = np.abs(change).mean()
                    squared[row] = np.sqrt((change**2).mean())
                    break
        return cls(absolute, squared)

    def take(self, rows: NDArray[Any]) -> "Scales":
        """Return the scales of some series."""
        return Scales(self.absolute[rows], self.squared[rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastMetric:
    """A metric of point forecasts, or of quantiles; smaller is better.

    Attributes
    ----------
    name : str
        Name that users write.
    score : callable (y, f, scales) -> float
        ``y`` and ``f`` of shape (S, H), NaN in ``y`` where there is no value.
    of_quantiles : bool
        Whether the finished forecasts are scored by their quantiles (`quantile_score`); trials,
        which have none, are then compared by the median's part of it.
    """

    name: str
    score: Score
    of_quantiles: bool = False

    @property
    def metric(self) -> Metric:
        """The same as a metric of rows, as histories of trials have; weights are 1 / scale."""
        return Metric(
            name=self.name,
            higher_is_better=False,
            problems=frozenset({ProblemKind.REGRESSION}),
            needs="values",
            function=partial(_of_rows, self.name),
        )


def _of_rows(
    name: str, y: NDArray[Any], f: NDArray[Any], weight: NDArray[Any] | None = None
) -> float:
    scale = np.ones(len(y)) if weight is None else 1.0 / np.maximum(weight, 1e-300)
    return FORECAST_METRICS[name].score(y[:, None], f[:, None], Scales(scale, scale))


def _by_series(errors: Floats) -> Floats:
    """Return each series' mean over its observed steps; NaN without any."""
    known = np.isfinite(errors)
    counts = known.sum(axis=1)
    sums = np.where(known, errors, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def mase(y: Floats, f: Floats, scales: Scales) -> float:
    """Return the mean absolute scaled error (Hyndman, Koehler 2006)."""
    return _mean(_by_series(np.abs(y - f)) / scales.absolute)


def rmsse(y: Floats, f: Floats, scales: Scales) -> float:
    """Return the root mean squared scaled error, as in the M5 competition."""
    return _mean(np.sqrt(_by_series((y - f) ** 2)) / scales.squared)


def smape(y: Floats, f: Floats, scales: Scales) -> float:  # noqa: ARG001
    """Return the symmetric mean absolute percentage error, 0 to 200; 0 where both are 0."""
    size = np.abs(y) + np.abs(f)
    return _mean(_by_series(np.where(size > 0, 200.0 * np.abs(y - f), 0.0 * y) / _not_zero(size)))


def wape(y: Floats, f: Floats, scales: Scales) -> float:  # noqa: ARG001
    """Return the sum of absolute errors divided by that of absolute values, over all series."""
    known = np.isfinite(y)
    return float(np.abs(y - f)[known].sum() / _not_zero(np.abs(y[known]).sum()))


def mae(y: Floats, f: Floats, scales: Scales) -> float:  # noqa: ARG001
    """Return the mean absolute error."""
    return _mean(np.abs(y - f).ravel())


def rmse(y: Floats, f: Floats, scales: Scales) -> float:  # noqa: ARG001
    """Return the root of the mean squared error."""
    return float(np.sqrt(_mean(((y - f) ** 2).ravel())))


def _not_zero(size: Any) -> Any:
    return np.where(size > 0, size, 1.0)


FORECAST_METRICS: Mapping[str, ForecastMetric] = MappingProxyType(
    {
        each.name: each
        for each in (
            ForecastMetric(name="mase", score=mase),
            ForecastMetric(name="rmsse", score=rmsse),
            ForecastMetric(name="smape", score=smape),
            ForecastMetric(name="wape", score=wape),
            ForecastMetric(name="mae", score=mae),
            ForecastMetric(name="rmse", score=rmse),
            ForecastMetric(name="wql", score=wape, of_quantiles=True),
            ForecastMetric(name="scrps", score=mase, of_quantiles=True),
        )
    }
)


def forecast_metric(name: str) -> ForecastMetric:
    """Return the metric called ``name``.

    Raises
    ------
    UserError
        There is none; the message lists them.
    """
    key = str(name).strip().lower().replace("-", "_")
    if key in FORECAST_METRICS:
        return FORECAST_METRICS[key]
    near = difflib.get_close_matches(key, list(FORECAST_METRICS), n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UserError(
        f"unknown metric {name!r} of forecasts; {hint}there are: {', '.join(FORECAST_METRICS)}"
    )


def pinball(y: Floats, quantiles: Floats, levels: Sequence[float]) -> Floats:
    """Return the pinball losses, shape (S, H, Q), for quantiles of shape (S, H, Q)."""
    missed = y[:, :, None] - quantiles
    share = np.asarray(levels)
    return np.asarray(np.maximum(share * missed, (share - 1.0) * missed))


def wql(y: Floats, quantiles: Floats, levels: Sequence[float]) -> float:
    """Return the weighted quantile loss: twice the pinball losses over the absolute values.

    The mean over the levels; with the median alone it is `wape`.
    """
    known = np.isfinite(y)
    losses = pinball(y, quantiles, levels)[known]
    return float(2.0 * losses.mean(axis=1).sum() / _not_zero(np.abs(y[known]).sum()))


def scrps(y: Floats, quantiles: Floats, levels: Sequence[float], scales: Scales) -> float:
    """Return the scaled continuous ranked probability score, from quantiles.

    Twice the mean pinball loss of each series divided by its scale; with the median alone it is
    `mase`.
    """
    losses = 2.0 * pinball(y, quantiles, levels).mean(axis=2)
    return _mean(_by_series(losses) / scales.absolute)


def quantile_score(
    name: str, y: Floats, quantiles: Floats, levels: Sequence[float], scales: Scales
) -> float:
    """Return `wql` or `scrps` by name."""
    if name == "wql":
        return wql(y, quantiles, levels)
    return scrps(y, quantiles, levels, scales)


def coverage(y: Floats, low: Floats, high: Floats) -> float:
    """Return the share of observed values from ``low`` to ``high``, shape (S, H) each."""
    known = np.isfinite(y)
    return float(((y >= low) & (y <= high))[known].mean()) if known.any() else float("nan")

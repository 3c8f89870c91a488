"""What the steps after the search of a forecast hand on to each other, as files of the run."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.automl.forecast.data import ForecastData
from espalier.pipelines.forecasting.metrics import Scales
from espalier.pipelines.forecasting.scores import ScoredForecast
from espalier.pipelines.serving.forecast_model import ForecastModel, base_forecast
from espalier.tasks.pickles import read_pickle, write_pickle

Floats = NDArray[np.float64]
_FILE, _HELD_OUT = "forecast.pkl", "held_out.pkl"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FinishedForecast:
    """A forecast that knows nothing of the held-out block.

    Attributes
    ----------
    model : ForecastModel
        Members, weights and quantiles.
    backtest : array, shape (W, S, H)
        Forecasts at the origins, of weights that were fitted to others.
    block_scores : tuple of float
        The metric at each origin.
    losses : tuple of (combiner, loss)
        Loss of each combiner on cells that it was not fitted to, in units of the scales.
    """

    model: ForecastModel = field(repr=False)
    backtest: Floats = field(repr=False)
    block_scores: tuple[float, ...] = ()
    losses: tuple[tuple[str, float], ...] = ()

    def keep(self, folder: Path) -> None:
        """Write it into a run folder."""
        write_pickle(self, folder / _FILE)

    @classmethod
    def of(cls, folder: Path) -> "FinishedForecast":
        """Return what `keep` wrote."""
        return cast("FinishedForecast", read_pickle(folder / _FILE))


def score_held_out(data: ForecastData, model: ForecastModel, folder: Path) -> ScoredForecast:
    """Forecast the held-out block, and keep the forecasts in a run folder."""
    made, quantiles = model.forecast(
        data.search.panel, tuple(data.search.names), data.search.hierarchy
    )
    write_pickle((made, quantiles), folder / _HELD_OUT)
    return _scored(data, made, quantiles)


def read_held_out(data: ForecastData, folder: Path) -> ScoredForecast:
    """Return what `score_held_out` kept."""
    made, quantiles = read_pickle(folder / _HELD_OUT)
    return _scored(data, made, quantiles)


def naive_held_out(data: ForecastData) -> ScoredForecast:
    """Return the seasonal naive forecast of the held-out block, to compare with."""
    made = base_forecast(data.search.panel, data.horizon)
    return _scored(data, made, np.repeat(made[:, :, None], len(data.levels), axis=2))


def _scored(data: ForecastData, made: Floats, quantiles: Floats) -> ScoredForecast:
    return ScoredForecast(
        metric=data.forecast_metric,
        actual=data.actual_held_out,
        made=made,
        quantiles=quantiles,
        levels=data.levels,
        scales=Scales.of(data.search.panel),
    )

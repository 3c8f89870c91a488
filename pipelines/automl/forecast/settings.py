"""What a forecast training is told, and what it returns."""

from dataclasses import dataclass, field
from pathlib import Path

from espalier.pipelines.ensemble.horizon.choose import ForecastChoice
from espalier.pipelines.ensemble.horizon.records import Floats
from espalier.pipelines.evaluation.forecast_context import ForecastContext
from espalier.pipelines.forecasting.metrics import ForecastMetric
from espalier.pipelines.resources.budget import Budget
from espalier.pipelines.serving.forecast_model import ForecastModel
from espalier.pipelines.trials.history import History


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastSettings:
    """The options of a forecast training.

    Attributes
    ----------
    horizon : int
        Steps to forecast.
    quantiles : tuple of float
        Levels in (0, 1), ascending.
    metric : ForecastMetric
        Metric to optimise.
    budget : Budget
        Seconds and trials.
    n_workers : int
        Trials that run at the same time.
    seed : int
        Seed of everything random.
    families : tuple of str or None
        Families to try; None for all that suit the series.
    search : str
        Strategy that proposes configurations.
    experience : Path or None
        Folder of what is known of forecasts; None for none.
    """

    horizon: int
    quantiles: tuple[float, ...]
    metric: ForecastMetric
    budget: Budget
    n_workers: int = 1
    seed: int = 0
    families: tuple[str, ...] | None = None
    search: str = "guided"
    experience: Path | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ForecastResult:
    """A trained forecast, and what is known about it.

    Attributes
    ----------
    model : ForecastModel
        Forecasts any panel of the same frequency.
    history : History
        All trials.
    choice : ForecastChoice or None
        How they were combined; None where the forecast is the base alone.
    context : ForecastContext
        What the trials were evaluated on.
    cv_score : float
        The metric at origins before the last, of weights that were fitted to others.
    backtest : array, shape (W, S, H)
        Forecasts at the origins, combined in this way.
    backtest_quantiles : array, shape (W, S, H, Q)
        Their quantiles.
    """

    model: ForecastModel
    history: History
    choice: ForecastChoice | None
    context: ForecastContext
    cv_score: float
    backtest: Floats = field(repr=False)
    backtest_quantiles: Floats = field(repr=False)

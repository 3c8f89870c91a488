"""Build a forecast: choose how its trials are combined, fit the members, save it."""

from collections.abc import Mapping

from espalier.infra.store_errors import disk_errors
from espalier.pipelines.automl.forecast.finish import (
    base_alone,
    finish_forecast,
    scores_at_origins,
)
from espalier.pipelines.automl.forecast.settings import ForecastResult
from espalier.pipelines.automl.forecast.training import CHOICE_AT_MOST, CHOICE_SHARE
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serialization.to_disk import keep_on_disk
from espalier.pipelines.serving.saved_forecast import save_forecast
from espalier.pipelines.serving.series_forecaster import SeriesForecaster
from espalier.pipelines.trials.failures import (
    SearchFailedError,
    failures_of,
    nothing_succeeded,
)
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.tasks.ensemble.forecast.finished import FinishedForecast
from espalier.tasks.records import EnsembleRecord, PreparedRef, TrainingRun

BASE = "seasonal naive"
# Share of what is left of the time that the choice of weights may take, where that is less.
_LEFT_SHARE = 0.4


def build_forecast(
    run: TrainingRun,
    prepared: PreparedRef,
    executor: Executor,
    history: History,
    predictions: Mapping[int, Predictions],
    deadline: Deadline,
) -> EnsembleRecord:
    """Build and save the forecast that the held-out block will score.

    Raises
    ------
    SearchFailedError
        No trial succeeded, and the baseline is not allowed.
    """
    data = prepared.forecast
    if history.successes:
        result = finish_forecast(
            data,
            history,
            predictions,
            executor,
            seed=run.request.seed,
            deadline=deadline,
            choose_until=_choose_until(run, deadline),
        )
    elif run.request.allow_baseline:
        result = base_alone(data, history)
    else:
        raise SearchFailedError(nothing_succeeded(history), failures_of(history))
    scores = scores_at_origins(
        result.context, result.backtest, result.backtest_quantiles, data.levels
    )
    losses = {} if result.choice is None else result.choice.losses
    FinishedForecast(
        model=result.model,
        backtest=result.backtest,
        block_scores=tuple(scores),
        losses=tuple(sorted(losses.items(), key=lambda each: each[1])),
    ).keep(run.folder)
    path = run.folder / "model"
    method = BASE if result.choice is None else result.choice.method
    save_forecast(
        SeriesForecaster(
            model=result.model,
            table=data.search,
            columns=data.columns,
            quantiles=data.levels,
            metric=prepared.metric,
            method=method,
        ),
        path,
        golden=data.example,
    )
    with disk_errors(run.folder):
        keep_on_disk(path)
    return EnsembleRecord(
        path=path, method=method, cv_score=result.cv_score, weights=_shares(result)
    )


def _choose_until(run: TrainingRun, deadline: Deadline) -> Deadline:
    """Return when the weights must be chosen, so that the members can be fitted after it."""
    seconds = run.request.budget.seconds
    if seconds is None:
        return deadline
    share = min(CHOICE_SHARE * seconds, CHOICE_AT_MOST, _LEFT_SHARE * deadline.seconds_left)
    return deadline.earlier(deadline.seconds_left - max(share, 0.0))


def _shares(result: ForecastResult) -> dict[int, float]:
    """Return each member's share in the forecast, mean over the horizon, by trial number."""
    rule = result.model.rule
    if result.choice is None or rule is None:
        return {}
    weights = rule.weights.mean(axis=0)
    total = max(float(weights.sum()), 1e-12)
    return {n: float(w) / total for n, w in zip(rule.numbers, weights, strict=True)}

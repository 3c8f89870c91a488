"""Build a forecast: choose how its trials are combined, fit the members, save it."""

from collections.abc import Mapping

from espalier.infra.store_errors import disk_errors
from espalier.pipelines.automl.forecast.finish import (
    base_alone,
    finish_forecast,
    scores_at_origins,
)
from espalier.pipelines.automl.forecast.settings import ForecastResult
from espalier.pipelines.ensemble.horizon.choice_time import choice_seconds
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serialization.to_disk import keep_on_disk
from espalier.pipelines.serving.forecast_model import BASE_METHOD
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

BASE_WARNING = (
    "no member could be fitted in time: the forecast is seasonal naive; give a larger time budget"
)
# Of so many of the best trials the members are taken. However late it is, they get this many times
# what they took at an origin, and some seconds, but no more than this share of the budget.
_MEMBERS, _TIMES, _MORE_SECONDS, _MOST_SHARE = 10, 2.0, 2.0, 0.15


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
    data, choosing = prepared.forecast, choice_seconds(run.request.budget)
    if history.successes:
        result = finish_forecast(
            data,
            history,
            predictions,
            executor,
            seed=run.request.seed,
            deadline=deadline.earlier(-choosing),
            # Where the search was late, choice and fits share what is left.
            choose_until=deadline.earlier(-0.5 * choosing),
            fit_at_least=_fit_seconds(run, history),
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
    method = BASE_METHOD if result.choice is None else result.choice.method
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
        path=path,
        method=method,
        cv_score=result.cv_score,
        weights=_shares(result),
        warnings=(BASE_WARNING,) if method == BASE_METHOD and history.successes else (),
    )


def _fit_seconds(run: TrainingRun, history: History) -> float:
    """Return the seconds that the members get however late it is."""
    seconds = run.request.budget.seconds
    if seconds is None:
        return 0.0
    best = sorted(history.successes, key=history.gain, reverse=True)[:_MEMBERS]
    needed = _TIMES * sum(each.fit_seconds for each in best) + _MORE_SECONDS
    return min(needed, _MOST_SHARE * seconds)


def _shares(result: ForecastResult) -> dict[int, float]:
    """Return each member's share in the forecast, mean over the horizon, by trial number."""
    rule = result.model.rule
    if result.choice is None or rule is None:
        return {}
    weights = rule.weights.mean(axis=0)
    total = max(float(weights.sum()), 1e-12)
    return {n: float(w) / total for n, w in zip(rule.numbers, weights, strict=True)}

"""What follows the search of a forecast: choose weights, fit members, learn quantiles."""

from collections.abc import Mapping

import numpy as np

from espalier.pipelines.automl.forecast.data import ForecastData
from espalier.pipelines.automl.forecast.settings import ForecastResult
from espalier.pipelines.ensemble.horizon.choose import ForecastChoice, choose_forecast_rule
from espalier.pipelines.ensemble.horizon.quantiles import QuantileModel, fit_quantiles
from espalier.pipelines.ensemble.horizon.reconcile import (
    BOTTOM_UP,
    Reconciliation,
    choose_reconciliation,
)
from espalier.pipelines.ensemble.horizon.records import (
    Floats,
    ForecastRecords,
    forecast_records,
)
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.forecast_context import ForecastContext
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.forecasting.metrics import quantile_score
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serving.forecast_model import (
    FittedForecaster,
    ForecastModel,
    base_forecast,
    spread_scales,
    unit_scales,
)
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions

# Most trials that become candidates of the ensemble.
_CANDIDATES = 20


def finish_forecast(
    data: ForecastData,
    history: History,
    predictions: Mapping[int, Predictions],
    executor: Executor,
    *,
    seed: int,
    deadline: Deadline,
    choose_until: Deadline,
    fit_at_least: float = 0.0,
) -> ForecastResult:
    """Choose how to combine the trials, fit the members, and learn the quantiles.

    Parameters
    ----------
    data : ForecastData
        The series; members are fitted to those that the search saw.
    history : History
        All trials, at least one successful.
    predictions : mapping of int to array, shape (W * S * H,)
        Forecasts at the origins by trial number.
    executor : Executor
        Fits the members; no trial may be pending.
    seed : int
        Seed of everything random.
    deadline, choose_until : Deadline
        When the members must be fitted, and when the choice must be made.
    fit_at_least : float
        Seconds that the members get however long the choice took: better late than none.

    Raises
    ------
    SearchFailedError
        No trial succeeded.
    """
    context = data.context()
    base = base_at_origins(data)
    records = _records(context, history, predictions, base)
    choice = choose_forecast_rule(records, seed=seed, deadline=choose_until)
    late = max(0.0, fit_at_least - deadline.seconds_left)
    members, choice = _fit_members(executor, history, choice, deadline.earlier(-late))
    return _finished(data, context, history, choice if members else None, members, base)


def base_alone(data: ForecastData, history: History) -> ForecastResult:
    """Return the seasonal naive forecast with quantiles, where no trial can be used."""
    base = base_at_origins(data)
    return _finished(data, data.context(), history, None, [], base)


def base_at_origins(data: ForecastData) -> Floats:
    """Return the seasonal naive forecasts at the origins, shape (W, S, H)."""
    panel = data.search.panel
    made = [base_forecast(panel.before(ahead), data.horizon) for ahead in data.origins]
    return np.stack(made) if made else np.zeros((0, len(panel), data.horizon))


def member_jobs(history: History, numbers: tuple[int, ...]) -> list[MemberJob]:
    """Return the jobs that fit the configurations of these trials."""
    by_number = {each.trial.number: each.trial for each in history.results}
    return [
        MemberJob(
            trial_number=number,
            configuration=by_number[number].configuration,
            seed=by_number[number].seed,
        )
        for number in numbers
    ]


def learn_quantiles(
    data: ForecastData, made: Floats, held_out: Floats | None = None
) -> QuantileModel:
    """Return the quantiles of what forecasts missed at the origins.

    Parameters
    ----------
    data : ForecastData
        The series.
    made : array, shape (W, S, H)
        Forecasts at the origins, of weights that were fitted to others.
    held_out : array or None, shape (S, H)
        Forecasts of the held-out block, to learn from what they missed as well.
    """
    # Each origin by what was known then: the scale of a growing series grows with it.
    panels = [data.search.panel.before(ahead) for ahead in data.origins]
    actual = [data.search.panel.actual(ahead, data.horizon) for ahead in data.origins]
    forecasts = list(made)
    if held_out is not None:
        panels, actual = [data.search.panel, *panels], [data.actual_held_out, *actual]
        forecasts = [held_out, *forecasts]
    missed = [
        (came - said) / spread_scales(panel)[:, None]
        for came, said, panel in zip(actual, forecasts, panels, strict=True)
    ]
    nothing = np.zeros((0, len(data.table.panel), data.horizon))
    return fit_quantiles(np.stack(missed) if missed else nothing, data.levels)


def _records(
    context: ForecastContext,
    history: History,
    predictions: Mapping[int, Predictions],
    base: Floats,
) -> ForecastRecords:
    return forecast_records(
        history.ordered,
        predictions,
        actual=context.actual(),
        base=base,
        scales=_weights(context),
        loss="rmse" if context.forecast_metric.name in ("rmsse", "rmse") else "mae",
        cap=_CANDIDATES,
    )


def _weights(context: ForecastContext) -> Floats:
    """Return what each series' errors are divided by when weights are learned, shape (S,).

    For metrics in the target's own unit, a series of large values counts more.
    """
    if context.forecast_metric.name in ("mae", "rmse", "wape", "wql"):
        scales = unit_scales(context.panel)
        return np.full(len(scales), float(np.mean(scales)))
    return unit_scales(context.panel)


def _fit_members(
    executor: Executor,
    history: History,
    choice: ForecastChoice,
    deadline: Deadline,
) -> tuple[list[FittedForecaster], ForecastChoice]:
    """Fit the members; those that are late or fail are left out of the rule."""
    fitted = executor.fit_members(member_jobs(history, choice.rule.numbers), deadline)
    there = [place for place, each in enumerate(fitted) if each is not None]
    members: list[FittedForecaster] = [each for each in fitted if each is not None]
    return members, choice.only(there)


def _finished(
    data: ForecastData,
    context: ForecastContext,
    history: History,
    choice: ForecastChoice | None,
    members: list[FittedForecaster],
    base: Floats,
) -> ForecastResult:
    """Return the result; without a choice, that of the base forecast."""
    backtest, reconciliation = base, None
    if choice is not None:
        backtest = base + _weights(context)[None, :, None] * choice.nested
    if data.floor is not None:
        backtest = np.maximum(backtest, data.floor)
    if data.search.hierarchy is not None:
        reconciliation, backtest = _reconciled(data, backtest)
    quantile_model = learn_quantiles(data, backtest)
    quantiles = np.zeros((*backtest.shape, len(data.levels)))
    for place, ahead in enumerate(data.origins):
        scales = spread_scales(data.search.panel.before(ahead))
        made = quantile_model.quantiles(backtest[place], scales, quantile_model.factors)
        quantiles[place] = made
    model = ForecastModel(
        members=members,
        rule=None if choice is None else choice.rule,
        quantile_model=quantile_model,
        names=tuple(data.table.names),
        horizon=data.horizon,
        floor=data.floor,
        reconciliation=reconciliation,
    )
    scores = scores_at_origins(context, backtest, quantiles, data.levels)
    known = [each for each in scores if np.isfinite(each)]
    return ForecastResult(
        model=model,
        history=history,
        choice=choice,
        context=context,
        cv_score=float(np.mean(known)) if known else float("nan"),
        backtest=backtest,
        backtest_quantiles=quantiles,
    )


def _reconciled(data: ForecastData, backtest: Floats) -> tuple[Reconciliation, Floats]:
    """Return how the forecasts of a hierarchy are made to add up, and those at the origins."""
    search = data.search
    assert search.hierarchy is not None
    names = tuple(search.names)
    sums = search.hierarchy.sums(names)
    if not len(backtest):
        return Reconciliation(method=BOTTOM_UP), backtest
    panel = search.panel
    return choose_reconciliation(
        backtest,
        np.stack([panel.actual(ahead, data.horizon) for ahead in data.origins]),
        np.stack([unit_scales(panel.before(ahead)) for ahead in data.origins]),
        sums,
        names,
        data.floor,
    )


def scores_at_origins(
    context: ForecastContext, made: Floats, quantiles: Floats, levels: tuple[float, ...]
) -> list[float]:
    """Return the metric at each origin; NaN where there is nothing to score.

    Parameters
    ----------
    context : ForecastContext
        Series, origins and metric.
    made : array, shape (W, S, H)
        Forecasts at the origins.
    quantiles : array, shape (W, S, H, Q)
        Their quantiles, at ``levels``.
    levels : tuple of float
        Levels, ascending.
    """
    metric, scores = context.forecast_metric, []
    for place, actual in enumerate(context.actual() if context.origins else ()):
        if metric.of_quantiles:
            found = quantile_score(metric.name, actual, quantiles[place], levels, context.scales)
        else:
            found = metric.score(actual, made[place], context.scales)
        scores.append(found)
    return scores

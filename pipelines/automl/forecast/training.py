"""A whole forecast training in this process: origins, search, ensemble, refit, quantiles."""

import warnings
from collections.abc import Callable

import numpy as np

from espalier.pipelines.automl.forecast.settings import ForecastResult, ForecastSettings
from espalier.pipelines.ensemble.horizon.choose import ForecastChoice, choose_forecast_rule
from espalier.pipelines.ensemble.horizon.quantiles import QuantileModel, fit_quantiles
from espalier.pipelines.ensemble.horizon.records import (
    Floats,
    ForecastRecords,
    forecast_records,
)
from espalier.pipelines.evaluation.executors.base import Executor, SerialExecutor
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.evaluation.forecast_context import ForecastContext
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.forecasting.families.registry import forecasters
from espalier.pipelines.forecasting.input.read import SeriesTable
from espalier.pipelines.forecasting.metrics import (
    Scales,
    quantile_score,
)
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.memory import MIB, trial_memory_mb, worker_memory
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.stand_ins import with_stand_ins
from espalier.pipelines.serving.forecast_model import (
    FittedForecaster,
    ForecastModel,
    base_forecast,
    spread_scales,
    unit_scales,
)
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.failures import nothing_succeeded
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.pipelines.trials.trial import TrialOutcome

# Origins of a trial; fewer for many rows, of which a few origins tell enough.
MOST_ORIGINS = 6
_USUAL_ORIGINS = 3
_MANY_SERIES, _MANY_VALUES = 50, 3_000_000
# Most trials whose forecasts are kept in memory, and that become candidates of the ensemble.
_KEPT, _CANDIDATES = 48, 20
# Shares of the budget for refits and for the choice of weights.
_CHOICE_SHARE, _REFIT_SHARE = 0.12, 0.16
_CHOICE_AT_MOST = 20.0
_ZERO_SHARE = 0.3
_WORTH_PROCESSES = 15.0


def origins_of(panel: Panel, horizon: int) -> tuple[int, ...]:
    """Return how many steps before the end a trial forecasts, the latest first.

    As many whole horizons as leave half of the series two seasons to learn from; where no whole
    one fits, half of the longest series.
    """
    lengths = panel.lengths
    typical = float(np.quantile(lengths, 0.5))
    least = max(2 * panel.season + 1, min(horizon, 12), 3)
    fit = int((typical - least) // horizon)
    most = _USUAL_ORIGINS if len(panel) >= _MANY_SERIES else MOST_ORIGINS
    if lengths.sum() > _MANY_VALUES:
        most = 1
    count = min(fit, most)
    if count >= 1:
        return tuple(horizon * (each + 1) for each in range(count))
    longest = int(lengths.max(initial=0))
    return (max(1, min(horizon, longest // 2)),) if longest > 1 else ()


def train_forecast(
    table: SeriesTable,
    settings: ForecastSettings,
    *,
    deadline: Deadline,
    on_result: Callable[[TrialOutcome], None] | None = None,
) -> ForecastResult:
    """Search, choose how to combine, refit to all values, and learn the quantiles.

    Where no trial succeeds, or no member can be fitted in time, the forecast is seasonal naive, and
    a warning says why.
    """
    panel = table.panel
    zeros = float(np.mean(panel.values[panel.observed] == 0))
    learners = forecasters(settings.families, intermittent=zeros > _ZERO_SHARE)
    context = ForecastContext(
        panel=panel,
        horizon=settings.horizon,
        origins=origins_of(panel, settings.horizon),
        forecast_metric=settings.metric,
        scales=Scales.of(panel),
        learners=learners,
        memory_limit_mb=trial_memory_mb(None, settings.n_workers),
    )
    if not context.origins:
        return _untried(table, context, settings)
    kept: dict[int, tuple[float, Predictions]] = {}

    def keep(outcome: TrialOutcome) -> None:
        result = outcome.result
        if outcome.predictions is not None:
            score = float("inf") if result.score is None else result.score
            kept[result.trial.number] = (score, outcome.predictions)
            if len(kept) > _KEPT:
                del kept[max(kept, key=lambda number: (kept[number][0], number))]
        if on_result is not None:
            on_result(outcome)

    seconds = settings.budget.seconds
    choosing = 0.0 if seconds is None else min(_CHOICE_SHARE * seconds, _CHOICE_AT_MOST)
    refitting = 0.0 if seconds is None else _REFIT_SHARE * seconds
    with _executor(context, settings) as executor:
        if isinstance(executor, ProcessExecutor):
            deadline = deadline.earlier(-min(executor.warm_up(), 3.0))
        space = SearchSpace(learners, context.shape)
        plan = SearchPlan(
            space=space,
            budget=settings.budget,
            seed=settings.seed,
            n_workers=executor.n_workers,
            strategy=settings.search,
            n_folds=len(context.origins),
            memory_limit_mb=context.memory_limit_mb,
        )
        history = run_search(
            plan,
            executor,
            context.metric,
            deadline=deadline.earlier(choosing + refitting),
            on_result=keep,
        )
        history = with_stand_ins(history, kept)
        base = np.stack([base_forecast(panel.before(a), settings.horizon) for a in context.origins])
        if not history.successes:
            said = nothing_succeeded(history)
            warnings.warn(f"the forecast is seasonal naive: {said}", UserWarning, stacklevel=3)
            return _finished(table, context, settings, history, None, [], base)
        records = _records(context, history, {n: p for n, (_, p) in kept.items()}, base)
        choice = choose_forecast_rule(
            records, seed=settings.seed, deadline=deadline.earlier(refitting)
        )
        members, choice = _fit_members(executor, history, choice, deadline)
    return _finished(table, context, settings, history, choice, members, base)


def _executor(context: ForecastContext, settings: ForecastSettings) -> Executor:
    seconds = settings.budget.seconds
    # Families of forecasts can be stopped in this process, so a short run saves the seconds that
    # starting others takes.
    if (seconds is None and settings.n_workers <= 1) or (seconds or 60.0) < _WORTH_PROCESSES:
        return SerialExecutor(context)
    limit_mb = worker_memory(None, settings.n_workers) / MIB
    return ProcessExecutor(context, settings.n_workers, memory_limit_mb=limit_mb)


def _records(
    context: ForecastContext,
    history: History,
    predictions: dict[int, Predictions],
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
    """Fit the members to all values; those that are late or fail are left out of the rule."""
    by_number = {each.trial.number: each.trial for each in history.results}
    jobs = [
        MemberJob(
            trial_number=number,
            configuration=by_number[number].configuration,
            seed=by_number[number].seed,
        )
        for number in choice.rule.numbers
    ]
    fitted = executor.fit_members(jobs, deadline)
    there = [place for place, each in enumerate(fitted) if each is not None]
    members: list[FittedForecaster] = [each for each in fitted if each is not None]
    return members, choice.only(there)


def _finished(
    table: SeriesTable,
    context: ForecastContext,
    settings: ForecastSettings,
    history: History,
    choice: ForecastChoice | None,
    members: list[FittedForecaster],
    base: Floats,
) -> ForecastResult:
    if not members:  # none was fitted in time: the base is what will be given
        choice = None
    backtest = base
    if choice is not None:
        backtest = base + _weights(context)[None, :, None] * choice.nested
    actual = context.actual()
    floor = 0.0 if table.panel.values[table.panel.observed].min() >= 0 else None
    if floor is not None:
        backtest = np.maximum(backtest, floor)
    # Each origin by what was known then: the scale of a growing series grows with it.
    scales = np.stack([spread_scales(table.panel.before(a)) for a in context.origins])
    quantile_model = fit_quantiles((actual - backtest) / scales[:, :, None], settings.quantiles)
    quantiles = np.stack(
        [
            quantile_model.quantiles(each, scale, quantile_model.factors)
            for each, scale in zip(backtest, scales, strict=True)
        ]
    )
    model = ForecastModel(
        members=members,
        rule=None if choice is None else choice.rule,
        quantile_model=quantile_model,
        names=tuple(table.names),
        horizon=settings.horizon,
        floor=floor,
    )
    return ForecastResult(
        model=model,
        history=history,
        choice=choice,
        context=context,
        cv_score=_score(context, actual, backtest, quantiles, quantile_model.levels),
        backtest=backtest,
        backtest_quantiles=quantiles,
    )


def _score(
    context: ForecastContext,
    actual: Floats,
    made: Floats,
    quantiles: Floats,
    levels: tuple[float, ...],
) -> float:
    metric = context.forecast_metric
    scores = []
    for w in range(len(context.origins)):
        if metric.of_quantiles:
            score = quantile_score(metric.name, actual[w], quantiles[w], levels, context.scales)
        else:
            score = metric.score(actual[w], made[w], context.scales)
        scores.append(score)
    known = [each for each in scores if np.isfinite(each)]
    return float(np.mean(known)) if known else float("nan")


def _untried(
    table: SeriesTable, context: ForecastContext, settings: ForecastSettings
) -> ForecastResult:
    """Return the base forecast: no series has two values, so nothing can be tried."""
    nothing = np.zeros((0, len(table.panel), settings.horizon))
    levels = settings.quantiles
    quantile_model: QuantileModel = fit_quantiles(nothing, levels)
    floor = 0.0 if table.panel.values[table.panel.observed].min() >= 0 else None
    return ForecastResult(
        model=ForecastModel(
            members=(),
            rule=None,
            quantile_model=quantile_model,
            names=tuple(table.names),
            horizon=settings.horizon,
            floor=floor,
        ),
        history=History(context.metric),
        choice=None,
        context=context,
        cv_score=float("nan"),
        backtest=nothing,
        backtest_quantiles=np.zeros((*nothing.shape, len(levels))),
    )

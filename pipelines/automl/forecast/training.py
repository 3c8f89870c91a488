"""A whole forecast training in this process: origins, search, ensemble, refit, quantiles."""

import time
import warnings
from collections.abc import Callable

from espalier.pipelines.automl.forecast.advice import forecast_advice
from espalier.pipelines.automl.forecast.data import ForecastData, prepare_forecast
from espalier.pipelines.automl.forecast.finish import base_alone, finish_forecast
from espalier.pipelines.automl.forecast.settings import ForecastResult, ForecastSettings
from espalier.pipelines.ensemble.horizon.choice_time import choice_seconds
from espalier.pipelines.evaluation.executors.base import Executor, SerialExecutor
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.evaluation.forecast_context import ForecastContext
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.memory import MIB, trial_memory_mb, worker_memory
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.stand_ins import with_stand_ins
from espalier.pipelines.trials.failures import nothing_succeeded
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.pipelines.trials.trial import TrialOutcome

# Most trials whose forecasts are kept in memory.
_KEPT = 48
# Share of the budget for refits.
_REFIT_SHARE = 0.16
_WORTH_PROCESSES = 15.0
# Share of the budget that worker processes may take to start: on a machine that is so busy that
# they take longer, the trials run in this process. Of it so many seconds are not the budget's.
_STARTING_SHARE, _START_UNCOUNTED = 0.15, 3.0


def train_forecast(
    table: SeriesTable,
    columns: SeriesColumns,
    settings: ForecastSettings,
    *,
    deadline: Deadline,
    on_result: Callable[[TrialOutcome], None] | None = None,
) -> ForecastResult:
    """Search, choose how to combine, refit to all values, and learn the quantiles.

    Where no trial succeeds, or no member can be fitted in time, the forecast is seasonal naive, and
    a warning says why.
    """
    data = prepare_forecast(
        table,
        columns,
        horizon=settings.horizon,
        levels=settings.quantiles,
        metric=settings.metric,
        families=settings.families,
    )
    context = data.context(memory_limit_mb=trial_memory_mb(None, settings.n_workers))
    if not context.origins:  # no series has two values, so nothing can be tried
        return base_alone(data, History(context.metric))
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
    choosing = choice_seconds(settings.budget)
    refitting = 0.0 if seconds is None else _REFIT_SHARE * seconds
    began = time.monotonic()
    with ready_executor(context, settings) as executor:
        took = time.monotonic() - began
        deadline = deadline.earlier(-min(took, _START_UNCOUNTED))
        plan = _plan(data, context, settings, executor.n_workers)
        history = run_search(
            plan,
            executor,
            context.metric,
            deadline=deadline.earlier(choosing + refitting),
            on_result=keep,
        )
        history = with_stand_ins(history, kept)
        if not history.successes:
            said = nothing_succeeded(history)
            warnings.warn(f"the forecast is seasonal naive: {said}", UserWarning, stacklevel=3)
            return base_alone(data, history)
        return finish_forecast(
            data,
            history,
            {number: made for number, (_, made) in kept.items()},
            executor,
            seed=settings.seed,
            deadline=deadline,
            choose_until=deadline.earlier(refitting),
        )


def _plan(
    data: ForecastData, context: ForecastContext, settings: ForecastSettings, n_workers: int
) -> SearchPlan:
    advice = forecast_advice(data, settings.experience, seed=settings.seed)
    return SearchPlan(
        space=data.space,
        budget=settings.budget,
        seed=settings.seed,
        n_workers=n_workers,
        strategy=settings.search,
        n_folds=len(context.origins),
        memory_limit_mb=context.memory_limit_mb,
        warm_start=() if advice is None else advice.first,
        prior=None if advice is None else advice.prior,
    )


def ready_executor(context: ForecastContext, settings: ForecastSettings) -> Executor:
    """Return an executor that can begin: processes where they are worth it and start in time."""
    seconds = settings.budget.seconds
    # Families of forecasts can be stopped in this process, so a short run saves the seconds that
    # starting others takes.
    if (seconds is None and settings.n_workers <= 1) or (seconds or 60.0) < _WORTH_PROCESSES:
        return SerialExecutor(context)
    limit_mb = worker_memory(None, settings.n_workers) / MIB
    executor = ProcessExecutor(context, settings.n_workers, memory_limit_mb=limit_mb)
    if seconds is None:
        return executor
    try:
        executor.warm_up(at_most=_STARTING_SHARE * seconds)
        if executor.is_ready:
            return executor
    except BaseException:
        executor.close()
        raise
    executor.close()
    return SerialExecutor(context)

"""Fit a forecast to the held-out block as well, after that has scored it."""

from dataclasses import replace

from espalier.infra.runs.notes import THREADS
from espalier.pipelines.automl.forecast.data import ForecastData
from espalier.pipelines.automl.forecast.finish import learn_quantiles, member_jobs
from espalier.pipelines.evaluation.executors.base import Executor, SerialExecutor
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.memory import MIB, worker_memory
from espalier.pipelines.serving.forecast_model import FittedForecaster, ForecastModel
from espalier.pipelines.serving.saved_forecast import save_forecast
from espalier.pipelines.serving.series_forecaster import HeldOutForecast, SeriesForecaster
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult
from espalier.tasks.ensemble.forecast.finished import FinishedForecast, read_held_out
from espalier.tasks.records import EnsembleRecord, PreparedRef, TrainingRun

# Members that take longer to fit, all together, are worth processes of their own.
_WORTH_PROCESSES = 10.0
FOLDER = "model_on_all"


def refit_forecast(
    run: TrainingRun, prepared: PreparedRef, ensemble: EnsembleRecord, deadline: Deadline
) -> EnsembleRecord:
    """Return the record of the forecast that knows all values.

    A member that cannot be fitted in time stays as it is: it continues the whole history all the
    same. Quantiles are learned from the held-out block too. The scored forecast stays in its own
    folder.
    """
    data = prepared.forecast
    finished = FinishedForecast.of(run.folder)
    members, all_fitted = _fit_again(run, data, finished.model, deadline)
    held_out = read_held_out(data, run.folder)
    seen = data.table.panel.values[data.table.panel.observed]
    model = replace(
        finished.model,
        members=tuple(members),
        quantile_model=learn_quantiles(data, finished.backtest, held_out.made),
        floor=0.0 if seen.min() >= 0 else None,
    )
    path = run.folder / FOLDER
    save_forecast(
        SeriesForecaster(
            model=model,
            table=data.table,
            columns=data.columns,
            quantiles=data.levels,
            metric=prepared.metric,
            method=ensemble.method,
            held_out=HeldOutForecast(
                first_step=data.search.panel.phase(),
                actual=held_out.actual,
                made=held_out.made,
                quantiles=held_out.quantiles,
                scales=held_out.scales,
            ),
        ),
        path,
        golden=data.example,
    )
    return replace(ensemble, path=path, learnt_all=all_fitted)


def _fit_again(
    run: TrainingRun, data: ForecastData, model: ForecastModel, deadline: Deadline
) -> tuple[list[FittedForecaster], bool]:
    """Return the members, fitted to all values, and whether all of them could be."""
    numbers = () if model.rule is None else model.rule.numbers
    results = [each for each in run.store.results() if each.trial.number in numbers]
    if not results:
        return list(model.members), True
    jobs = member_jobs(History(data.metric, tuple(results)), numbers)
    with _executor(run, data, results) as executor:
        fitted = executor.fit_members(jobs, deadline)
    pairs = zip(fitted, model.members, strict=True)
    members: list[FittedForecaster] = [old if new is None else new for new, old in pairs]
    return members, all(each is not None for each in fitted)


def _executor(run: TrainingRun, data: ForecastData, results: list[TrialResult]) -> Executor:
    context = data.context_of_all(n_threads=run.store.noted(THREADS) or 1)
    if sum(each.fit_seconds for each in results) < _WORTH_PROCESSES:
        return SerialExecutor(context)
    settings = run.tracking.settings
    n_workers = min(settings.worker_count, len(results))
    limit = run.request.memory_limit or settings.memory_limit
    return ProcessExecutor(
        context, n_workers, memory_limit_mb=worker_memory(limit, n_workers) / MIB
    )

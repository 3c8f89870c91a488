"""Fit the model to the held-out rows as well, after they have scored it."""

from dataclasses import replace

from espalier.infra.runs.notes import THREADS
from espalier.pipelines.automl.refit_on_all import refit_on_all
from espalier.pipelines.ensemble.horizon.choice_time import choice_seconds
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.memory import MIB, worker_memory
from espalier.pipelines.serving.latency import answer_ms
from espalier.pipelines.serving.saved_model import load_model, save_model
from espalier.tasks.ensemble.member_records import member_results
from espalier.tasks.policies import retried_task
from espalier.tasks.records import EnsembleRecord, PreparedRef, TrainingRun

REFIT_SHARE = 0.1
"""Share of a time budget that is kept for it; what the run has left is added."""

FOLDER = "model_on_all"


def seconds_to_keep(request: TrainRequest) -> float:
    """Return the seconds by which search, ensemble and evaluation must end earlier.

    Those that a forecast needs to choose its weights are among them.
    """
    budget = request.budget
    if budget.seconds is None or not request.learns_all:
        return 0.0
    choice = choice_seconds(budget) if request.is_forecast else 0.0
    return REFIT_SHARE * budget.seconds + choice


@retried_task(
    name="refit on all",
    description="Fit the members once more, to the hold-out as well, after it has scored them.",
    tags=["espalier", "ensemble"],
)
def refit_ensemble_on_all(
    run: TrainingRun, prepared: PreparedRef, ensemble: EnsembleRecord, deadline: Deadline
) -> EnsembleRecord:
    """Return the record of the model that knows all rows; ``ensemble`` if there is none.

    The scored model stays in its own folder, so that nothing can be scored on rows that the other
    one has learnt from.

    Parameters
    ----------
    run : TrainingRun
        The training run, asked to refit on all rows.
    prepared : PreparedRef
        The prepared data, with all rows.
    ensemble : EnsembleRecord
        The model that was scored on the hold-out.
    deadline : Deadline
        When the refits must end.
    """
    if prepared.series is not None:
        from espalier.tasks.ensemble.forecast.refit_forecast import refit_forecast

        return refit_forecast(run, prepared, ensemble, deadline)
    data, settings, store = prepared.data, run.tracking.settings, run.store
    assert data.all_rows is not None
    results = member_results(store, ensemble)
    n_workers = min(settings.worker_count, max(len(results), 1))
    memory_limit = run.request.memory_limit or settings.memory_limit
    context = replace(
        data.context(n_threads=store.noted(THREADS) or 1, fold_models=None, memory_limit_mb=None),
        dataset=data.all_rows,
    )
    with ProcessExecutor(
        context, n_workers, memory_limit_mb=worker_memory(memory_limit, n_workers) / MIB
    ) as executor:
        model = refit_on_all(load_model(ensemble.path), results, executor, deadline)
    if model is None:
        return ensemble
    path = run.folder / FOLDER
    save_model(model, path)
    return replace(ensemble, path=path, learnt_all=True, row_ms=answer_ms(model, data.example_rows))

"""Build the ensemble: choose members on out-of-fold predictions, refit them, save the model."""

from espalier.infra.store_errors import disk_errors
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.finishing.finish import FinishInputs
from espalier.pipelines.members.cost import FinishCost
from espalier.pipelines.members.serving_mode import Serving
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.serialization.to_disk import keep_on_disk
from espalier.pipelines.serving.latency import answer_ms
from espalier.pipelines.serving.saved_model import save_model
from espalier.pipelines.trials.history import History
from espalier.tasks.policies import retried_task
from espalier.tasks.records import EnsembleRecord, PreparedRef, TrainingRun

# Predictions stay on disk; of so many trials they are opened.
OPENED_TRIALS = 100
# With less time left, the scores of the growing ensemble are not worth their second.
SECONDS_TO_GROW = 3.0


@retried_task(
    name="ensemble",
    description="Choose an ensemble on out-of-fold predictions and refit its members.",
    tags=["espalier", "ensemble"],
)
def build_ensemble(
    run: TrainingRun,
    prepared: PreparedRef,
    executor: Executor,
    history: History,
    cost: FinishCost,
    deadline: Deadline,
) -> EnsembleRecord:
    """Build and save the ensemble; the baseline if no trial succeeded and that is allowed.

    Parameters
    ----------
    run : TrainingRun
        The training run.
    prepared : PreparedRef
        The prepared data.
    executor : Executor
        Runs the refits.
    history : History
        All trials.
    cost : FinishCost
        Estimated cost of everything after the refits.
    deadline : Deadline
        When the run must end.

    Raises
    ------
    SearchFailedError
        No trial succeeded, or no member could be refitted.
    """
    from espalier.pipelines.automl.training import finish
    from espalier.pipelines.explain.search.growth import ensemble_growth

    settings, store = run.settings, run.store
    best = sorted(history.successes, key=history.gain, reverse=True)[:OPENED_TRIALS]
    predictions = {each.trial.number: store.predictions(each.trial.number) for each in best}
    if prepared.series is not None:
        from espalier.tasks.ensemble.forecast.build_forecast import build_forecast

        return build_forecast(run, prepared, executor, history, predictions, deadline)
    data = prepared.data
    finished = finish(
        data,
        history,
        predictions,
        executor,
        settings,
        finishing=FinishInputs(
            deadline=deadline,
            cost=cost,
            fold_models=run.fold_models,
            serving=_serving(run),
        ),
        deadline=deadline,
    )
    model, choice = finished.model, finished.choice
    predictions |= finished.light.predictions
    path = run.folder / "model"
    save_model(model, path)
    with disk_errors(run.folder):
        keep_on_disk(path)
    return EnsembleRecord(
        path=path,
        method=choice.method,
        cv_score=choice.cv_score,
        weights=model.weights,
        row_ms=answer_ms(model, data.example_rows),
        fold_models=tuple((m.number, len(m.candidates)) for m in model.members if m.of_folds),
        refits=tuple(
            (m.number, len(m.candidates))
            for m in model.members
            if len(m.candidates) > 1 and not m.of_folds
        ),
        combiners=tuple((each.name, each.score, each.n_members) for each in choice.combiners),
        adjusted=finished.adjusted,
        light=finished.light.results,
        front=finished.front,
        growth=()
        if deadline.seconds_left < SECONDS_TO_GROW
        else ensemble_growth(
            choice, predictions, dataset=data.search, metric=data.metric, seed=settings.seed
        ),
    )


def _serving(run: TrainingRun) -> Serving:
    """Return how members serve; those that are to learn from the held-out rows are refitted."""
    wanted = run.settings.serving
    return "refit" if wanted == "auto" and run.request.refit_on_all else wanted

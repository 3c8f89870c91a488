"""Choose the members on out-of-fold predictions, refit them, save one model."""

from prefect import task

from infra.run_store import RunStore
from infra.seals import seal_key
from infra.settings import load_settings
from pipelines.budget import Deadline
from pipelines.ensemble.cost import FinishCost
from pipelines.evaluation.executor import Executor
from pipelines.history import History
from tasks.policies import ALWAYS_RUN, BACKOFF, JITTER, RETRIES, retry_if_it_can_pass
from tasks.records import EnsembleRecord, PreparedRef
from tasks.staging import read_pickle

# Predictions stay on disk; of so many trials they are opened.
OPENED_TRIALS = 100


@task(
    name="ensemble",
    description="Choose an ensemble on out-of-fold predictions and refit its members.",
    tags=["espalier", "ensemble"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def build_ensemble(
    executor: Executor,
    history: History,
    *,
    store: RunStore,
    ref: PreparedRef,
    target: str,
    seed: int,
    deadline: Deadline,
    finish: FinishCost,
) -> EnsembleRecord:
    """Return the saved ensemble.

    Raises
    ------
    SearchFailedError
        No trial succeeded, or no member could be refitted.
    """
    from pipelines.ensemble.adjust import adjust
    from pipelines.ensemble.choose import build_ensemble as choose
    from pipelines.ensemble.cost import RefitTime
    from pipelines.ensemble.model import build_model
    from pipelines.ensemble.refit import fit_choice
    from pipelines.ensemble.serving import save_model
    from pipelines.evaluation.fold_models import FoldModels
    from pipelines.training import CHOICE_SHARE, require_success

    require_success(history)
    data = read_pickle(ref.path)
    fold_models = FoldModels(ref.fold_models_path, seal_key(load_settings().home))
    time = RefitTime(
        deadline=deadline,
        n_workers=executor.n_workers,
        finish=finish,
        kept=fold_models.of(history),
    )
    best = sorted(history.successes, key=history.gain, reverse=True)[:OPENED_TRIALS]
    predictions = {each.trial.number: store.predictions(each.trial.number) for each in best}
    choice = choose(
        history.ordered,
        predictions,
        dataset=data.search,
        metric=history.metric,
        seed=seed,
        deadline=deadline.earlier((1.0 - CHOICE_SHARE) * max(0.0, deadline.seconds_left)),
        refit_time=time,
    )
    choice, fitted = fit_choice(choice, history, executor, time, fold_models=fold_models)
    adjusted = adjust(
        choice,
        fitted,
        predictions,
        dataset=data.search,
        metric=history.metric,
        seed=seed,
        deadline=deadline,
    )
    model = build_model(
        choice,
        fitted,
        preparation=data.preparation,
        dataset=data.search,
        metric=history.metric.name,
        target=target,
        example=data.example_rows,
        adjustments=adjusted.adjustments,
    )
    path = ref.path.with_name("model")
    save_model(model, path)
    fold_models.clear()
    return EnsembleRecord(
        path=path,
        method=choice.method,
        cv_score=choice.cv_score,
        weights=tuple(model.weights.items()),
        rivals=tuple((each.name, each.score, each.n_members) for each in choice.rivals),
        adjusted=adjusted.report,
    )

"""Choose the members on out-of-fold predictions, refit them, save one model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from espalier.infra.runs.store import RunStore
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.trials.history import History
from espalier.tasks.pickles import read_pickle
from espalier.tasks.policies import retried_task
from espalier.tasks.records import EnsembleRecord, PreparedRef

if TYPE_CHECKING:
    from espalier.pipelines.finishing.finish import FinishInputs
    from espalier.pipelines.members.member import Member

# Predictions stay on disk; of so many trials they are opened.
OPENED_TRIALS = 100


@retried_task(
    name="ensemble",
    description="Choose an ensemble on out-of-fold predictions and refit its members.",
    tags=["espalier", "ensemble"],
)
def build_ensemble(
    executor: Executor,
    history: History,
    *,
    store: RunStore,
    ref: PreparedRef,
    request: TrainRequest,
    finishing: "FinishInputs",
) -> EnsembleRecord:
    """Return the saved ensemble; the baseline where no trial succeeded, if that is allowed.

    Raises
    ------
    SearchFailedError
        No trial succeeded, or no member could be refitted.
    """
    from espalier.pipelines.calibration.fit_adjustments import AdjustmentResult, fit_adjustments
    from espalier.pipelines.finishing.baseline import choose_baseline
    from espalier.pipelines.finishing.finish import choose_and_fit
    from espalier.pipelines.serving.latency import answer_ms, prepare_ms
    from espalier.pipelines.serving.model import build_model
    from espalier.pipelines.serving.saved_model import save_model

    data = read_pickle(ref.path)
    fitted: Sequence[Member | None]
    if not history.successes and request.allow_baseline:
        choice, fitted = choose_baseline(data.search, history.metric)
        adjusted = AdjustmentResult()
    else:
        raw = data.example_rows
        limits = replace(request.limits, fixed_ms=prepare_ms(data.preparation, raw))
        best = sorted(history.successes, key=history.gain, reverse=True)[:OPENED_TRIALS]
        predictions = {each.trial.number: store.predictions(each.trial.number) for each in best}
        choice, fitted = choose_and_fit(
            executor,
            history,
            predictions,
            dataset=data.search,
            seed=request.seed,
            finishing=replace(finishing, limits=limits),
            folds=data.folds,
            combine=not request.interpretable,
        )
        adjusted = fit_adjustments(
            choice,
            fitted,
            predictions,
            dataset=data.search,
            metric=history.metric,
            seed=request.seed,
            deadline=finishing.deadline,
        )
    model = build_model(
        choice,
        fitted,
        preparation=data.preparation,
        dataset=data.search,
        metric=history.metric.name,
        target=request.target,
        example=data.example_rows,
        adjustments=adjusted.adjustments,
    )
    path = ref.path.with_name("model")
    save_model(model, path)
    return EnsembleRecord(
        path=path,
        method=choice.method,
        cv_score=choice.cv_score,
        weights=tuple(model.weights.items()),
        row_ms=answer_ms(model, data.example_rows),
        fold_models=tuple((m.number, len(m.candidates)) for m in model.members if m.of_folds),
        combiners=tuple((each.name, each.score, each.n_members) for each in choice.combiners),
        adjusted=adjusted.report,
    )

"""A whole training in this process: the steps of the flow, without the platform."""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from espalier.pipelines.automl.residual_search import find_residual_members, residual_budget
from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.calibration.fit_adjustments import fit_adjustments
from espalier.pipelines.calibration.report import AdjustmentReport
from espalier.pipelines.calibration.threshold import check_threshold
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.data.splitting.splits import plan_folds
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import Executor, SerialExecutor
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.finishing.finish import FinishInputs, choose_and_fit
from espalier.pipelines.finishing.prediction_store import PredictionStore
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.lifecycle.retraining.warm_start import valid_in_space
from espalier.pipelines.members.serving_mode import check_serving
from espalier.pipelines.metrics.scoring import check_target
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.memory import MIB, SOFT_SHARE, worker_memory, workers_within
from espalier.pipelines.search.limits.fold_count import affordable_folds
from espalier.pipelines.search.limits.reserve import search_deadline
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.stand_ins import said_of, with_stand_ins
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.serialization.sealed_files import new_key
from espalier.pipelines.serving.latency import prepare_ms
from espalier.pipelines.serving.model import EnsembleModel, build_model
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialOutcome

if TYPE_CHECKING:
    from espalier.pipelines.experience.advice import Advice

# The first trial of ``fit`` is not to wait long.
PROFILE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """What a training leaves.

    Attributes
    ----------
    model : EnsembleModel
        Takes raw rows.
    choice : EnsembleChoice
        The members and how they were chosen.
    history : History
        Every trial.
    weights : dict of int to float
        Share of each trial in the model that serves.
    adjusted : AdjustmentReport
        How its calibration, threshold and intervals came about.
    experience : dict or None
        What was expected of the first trials, and what came; None without experience.
    """

    model: EnsembleModel
    choice: EnsembleChoice
    history: History
    weights: dict[int, float]
    adjusted: AdjustmentReport
    experience: dict[str, Any] | None = None


def train_in_process(
    dataset: Dataset,
    preparation: Preparation,
    settings: TrainingSettings,
    *,
    deadline: Deadline,
    example: pd.DataFrame | None = None,
    on_result: Callable[[TrialOutcome], None] | None = None,
) -> TrainingResult:
    """Search, choose an ensemble, and fit its members.

    Parameters
    ----------
    dataset : Dataset
        The search rows.
    preparation : Preparation
        How they were prepared; becomes part of the model.
    settings : TrainingSettings
        What to do.
    deadline : Deadline
        When everything must be done.
    example : DataFrame or None
        A few raw rows to keep with the model.
    on_result : callable or None
        Called with each trial's outcome.

    Raises
    ------
    UserError
        The settings do not fit the data.
    SearchFailedError
        No trial succeeded; the message names the reasons.
    """
    check_target(settings.metric, dataset.y)
    check_threshold(settings.threshold, dataset.problem)
    check_serving(settings.serving)
    extra = residual_budget(settings.budget, settings.residual_share)
    whole = deadline
    shape = dataset.shape
    learners = choose_learners(settings.families, shape, interpretable=settings.interpretable)
    limits = settings.limits
    if limits and example is not None:
        limits = replace(limits, fixed_ms=prepare_ms(preparation, example))
    n_workers = workers_within(settings.memory_limit, settings.n_workers)
    n_folds = settings.n_folds or affordable_folds(
        shape, settings.budget, n_workers, serving=settings.serving
    )
    folds = plan_folds(dataset, seed=integer_seed(settings.seed, "folds"), n_folds=n_folds)
    memory_limit_mb = SOFT_SHARE * worker_memory(settings.memory_limit, n_workers) / MIB
    kept = PredictionStore(settings.metric)

    def keep(outcome: TrialOutcome) -> None:
        kept.add(outcome)
        if on_result is not None:
            on_result(outcome)

    with (
        _fold_models(settings) as fold_models,
        _open_executor(
            context := EvaluationContext(
                dataset=dataset,
                folds=folds,
                metric=settings.metric,
                learners=learners,
                fold_models=fold_models,
                memory_limit_mb=memory_limit_mb,
            ),
            settings,
            n_workers,
        ) as executor,
    ):
        space = SearchSpace(learners, shape)
        # Starting processes takes seconds on a busy machine; the budget is for the work.
        if isinstance(executor, ProcessExecutor):
            whole = deadline.earlier(-executor.warm_up())
        deadline = whole.earlier((extra.seconds or 0.0) if extra is not None else 0.0)
        advice = _advice(dataset, space, settings)
        history = run_search(
            space,
            executor,
            settings.metric,
            budget=settings.budget,
            deadline=search_deadline(settings.budget, shape, deadline),
            seed=settings.seed,
            strategy=settings.strategy,
            on_result=keep,
            n_folds=len(folds),
            warm_start=()
            if advice is None
            else valid_in_space(advice.first, space, trials=settings.budget.trials),
            finish=settings.finish,
            memory_limit_mb=memory_limit_mb,
            prior=None if advice is None else advice.prior,
        )
        history = with_stand_ins(history, kept.by_number)
        if (said := said_of(history, len(folds))) is not None:
            warnings.warn(said, stacklevel=2)
        choice, fitted = choose_and_fit(
            executor,
            history,
            kept.by_number,
            dataset=dataset,
            seed=settings.seed,
            finishing=FinishInputs(
                deadline=deadline,
                cost=settings.finish,
                fold_models=fold_models,
                serving=settings.serving,
                limits=limits,
            ),
            folds=folds,
            combine=settings.ensemble and not settings.interpretable,
        )
    correction = None
    if extra is not None and None not in fitted:
        found = find_residual_members(
            choice, kept.by_number, context, lambda own: _open_executor(own, settings, n_workers),
            budget=extra, deadline=whole, seed=settings.seed,
            sees_answers=settings.residual_sees_answers,
        )  # fmt: skip
        if found is not None:
            choice, correction = found.choice, found.correction
    adjusted = fit_adjustments(
        choice,
        fitted,
        kept.by_number,
        dataset=dataset,
        metric=settings.metric,
        seed=settings.seed,
        threshold=settings.threshold,
        deadline=whole,
    )
    model = build_model(
        choice,
        fitted,
        preparation=preparation,
        dataset=dataset,
        metric=settings.metric.name,
        target=settings.target,
        example=example,
        adjustments=adjusted.adjustments,
        correction=correction,
    )
    return TrainingResult(
        model=model,
        choice=choice,
        history=history,
        weights=model.weights,
        adjusted=adjusted.report,
        experience=None if advice is None else _advice_outcome(advice, history),
    )


def _advice(dataset: Dataset, space: SearchSpace, settings: TrainingSettings) -> "Advice | None":
    """Return what experience would try first; None where none is asked."""
    if settings.experience is None:
        return None
    from espalier.pipelines.experience.advice import advise
    from espalier.pipelines.experience.knowledge import open_knowledge
    from espalier.pipelines.metafeatures.profile import profile

    meta = profile(dataset, seed=settings.seed, seconds=PROFILE_SECONDS)
    return advise(open_knowledge(settings.experience), space, meta)


def _advice_outcome(advice: "Advice", history: History) -> dict[str, Any]:
    from espalier.pipelines.experience.advice import measure_advice

    return measure_advice(advice, history).to_dict()


@contextmanager
def _fold_models(settings: TrainingSettings) -> Iterator[FoldModels | None]:
    """Yield where fold models are kept for the length of the block."""
    with tempfile.TemporaryDirectory(prefix="espalier-", ignore_cleanup_errors=True) as folder:
        wanted = settings.budget.seconds is not None or settings.serving == "bagged"
        yield FoldModels(Path(folder), new_key()) if wanted else None


def _open_executor(
    context: EvaluationContext, settings: TrainingSettings, n_workers: int
) -> Executor:
    if n_workers <= 1 and settings.budget.seconds is None and settings.memory_limit is None:
        return SerialExecutor(context)
    # A process can be stopped whatever it does; a thread of this one cannot.
    limit_mb = worker_memory(settings.memory_limit, n_workers) / MIB
    return ProcessExecutor(context, n_workers, memory_limit_mb=limit_mb)

"""A whole training in this process, without Prefect, Dask and MLflow; used by the estimators."""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from espalier.pipelines.automl.residual_search import find_residual_members, residual_budget
from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.automl.training import (
    Members,
    finish,
    plan_search,
    refuse_impossible,
    search,
)
from espalier.pipelines.automl.training_data import TrainingData
from espalier.pipelines.calibration.report import AdjustmentReport
from espalier.pipelines.calibration.threshold import check_threshold
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import Executor, SerialExecutor
from espalier.pipelines.evaluation.executors.gradual_executor import GradualExecutor
from espalier.pipelines.evaluation.executors.process_executor import ProcessExecutor
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.experience.advice import Advice, advise, measure_advice
from espalier.pipelines.experience.belief import measure_belief
from espalier.pipelines.experience.knowledge import open_knowledge
from espalier.pipelines.finishing.finish import FinishInputs
from espalier.pipelines.finishing.prediction_store import PredictionStore
from espalier.pipelines.finishing.prefer import FrontPoint
from espalier.pipelines.members.cost import FinishCost
from espalier.pipelines.metafeatures.profile import profile
from espalier.pipelines.metrics.scoring import check_percentages, check_target
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.memory import MIB, trial_memory_mb, worker_memory
from espalier.pipelines.search.limits.stopping import ended_early
from espalier.pipelines.search.stand_ins import said_of
from espalier.pipelines.serialization.sealed_files import new_key
from espalier.pipelines.serving.model import EnsembleModel
from espalier.pipelines.serving.residual_correction import ResidualCorrection
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialOutcome

# The first trial of ``fit`` is not to wait long.
PROFILE_SECONDS = 1.0
# After the refits there is only the hold-out, and models to take over from the workers.
FINISH_SECONDS = 0.3
FINISH_SECONDS_A_MB = 0.01
# With so many cells already the first trial is longer than the start of a worker.
LARGE_CELLS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """The model of a training, and what is known about it.

    Attributes
    ----------
    model : EnsembleModel
        The model; it predicts raw rows.
    choice : EnsembleChoice
        The members and how they were chosen.
    history : History
        All trials, smaller forms of the best ones included.
    adjusted : AdjustmentReport
        How calibration, decision threshold and prediction intervals were chosen.
    experience : dict or None
        Expected and observed scores of the first trials; None without experience.
    front : tuple of FrontPoint
        What cannot be bettered in score and costs at once; empty unless asked for.
    notes : tuple of str
        For people: why the search ended before its time.
    """

    model: EnsembleModel
    choice: EnsembleChoice
    history: History
    adjusted: AdjustmentReport
    experience: dict[str, Any] | None = None
    front: tuple[FrontPoint, ...] = ()
    notes: tuple[str, ...] = ()


def train_in_process(
    data: TrainingData,
    settings: TrainingSettings,
    *,
    deadline: Deadline,
    on_result: Callable[[TrialOutcome], None] | None = None,
) -> TrainingResult:
    """Search, choose an ensemble, and fit its members.

    Parameters
    ----------
    data : TrainingData
        The prepared table.
    settings : TrainingSettings
        Options of the training.
    deadline : Deadline
        When the training must end.
    on_result : callable or None
        Called with each trial's outcome.

    Raises
    ------
    UserError
        The settings do not fit the data.
    SearchFailedError
        No trial succeeded; the message names the reasons.
    """
    check_target(data.metric, data.search.y)
    try:
        check_percentages(data.metric, data.search.y)
    except UserError as error:  # scikit-learn's users are used to its large, finite scores
        warnings.warn(str(error), UserWarning, stacklevel=2)
    check_threshold(settings.threshold, data.search.problem)
    refuse_impossible(data, settings)
    extra = residual_budget(settings.budget, settings.residual_share)
    division = settings.division(data.search.n_bytes)
    memory_limit_mb = trial_memory_mb(settings.memory_limit, division.workers)
    kept = PredictionStore(data.metric)

    def keep(outcome: TrialOutcome) -> None:
        kept.add(outcome)
        if on_result is not None:
            on_result(outcome)

    with _fold_models(settings) as fold_models:
        context = data.context(
            memory_limit_mb=memory_limit_mb, fold_models=fold_models, n_threads=division.threads
        )
        with _open_executor(context, settings, division.workers) as executor:
            # Starting processes takes seconds on a busy machine; the budget is for the work.
            if isinstance(executor, ProcessExecutor):
                deadline = deadline.earlier(-executor.warm_up())
            ensemble_end = deadline.earlier(0.0 if extra is None else extra.seconds or 0.0)
            advice = _advice(data, settings)
            plan = plan_search(
                data,
                settings,
                n_workers=executor.n_workers,
                memory_limit_mb=memory_limit_mb,
                finish=FinishCost(
                    fixed=FINISH_SECONDS,
                    n_rows=data.n_holdout,
                    seconds_a_mb=FINISH_SECONDS_A_MB,
                ),
                advice=advice,
            )
            history = search(
                plan,
                data,
                executor,
                deadline=ensemble_end.earlier(settings.light_seconds),
                predicted=kept.by_number,
                on_result=keep,
            )
            if (said := said_of(history, len(data.folds))) is not None:
                warnings.warn(said, stacklevel=2)
            spare = plan.spare(ensemble_end.earlier(settings.light_seconds), history)
            early = ended_early(history, plan.budget, spare)

            def correct(
                choice: EnsembleChoice, members: Members
            ) -> tuple[EnsembleChoice, ResidualCorrection | None]:
                if extra is None or None in members:
                    return choice, None
                executor.close()  # the trials of the residual get the cores and the memory
                found = find_residual_members(
                    choice,
                    kept.by_number,
                    context,
                    lambda own: _open_executor(own, settings, division.workers),
                    budget=extra,
                    deadline=deadline,
                    seed=settings.seed,
                    sees_answers=settings.residual_sees_answers,
                )
                return (choice, None) if found is None else (found.choice, found.correction)

            finished = finish(
                data,
                history,
                kept.by_number,
                executor,
                settings,
                finishing=FinishInputs(
                    deadline=ensemble_end,
                    cost=plan.finish,
                    fold_models=fold_models,
                    serving=settings.serving,
                ),
                deadline=deadline,
                correct=correct,
            )
    return TrainingResult(
        model=finished.model,
        choice=finished.choice,
        history=history.extend(finished.light.results),
        adjusted=finished.adjusted,
        experience=None
        if advice is None
        else _advice_outcome(advice, data.space, history, settings),
        front=finished.front,
        notes=() if early is None else (early,),
    )


def _advice(data: TrainingData, settings: TrainingSettings) -> Advice | None:
    """Return the advice of experience for the data; None if no experience is used."""
    folder = settings.experience_folder
    if folder is None or data.search.shape.is_of_pictures:  # which it knows nothing about
        return None

    meta = profile(data.search, seed=settings.seed, seconds=PROFILE_SECONDS)
    return advise(open_knowledge(folder), data.space, meta)


def _advice_outcome(
    advice: Advice, space: SearchSpace, history: History, settings: TrainingSettings
) -> dict[str, Any]:
    belief = measure_belief(advice.prior, space, history, seed=settings.seed)
    return measure_advice(advice, history, belief).to_dict()


@contextmanager
def _fold_models(settings: TrainingSettings) -> Iterator[FoldModels | None]:
    """Yield a temporary store of fold models for the block; None if none are kept."""
    with tempfile.TemporaryDirectory(prefix="espalier-", ignore_cleanup_errors=True) as folder:
        yield FoldModels(Path(folder), new_key()) if settings.keeps_fold_models else None


def _open_executor(
    context: EvaluationContext, settings: TrainingSettings, n_workers: int
) -> Executor:
    if settings.time_budget is not None or settings.memory_limit is not None:
        # A process can be stopped whatever it does; a thread of this one cannot.
        return _open_processes(context, settings, n_workers)
    if n_workers == 1:
        return SerialExecutor(context)
    if context.dataset.X.size >= LARGE_CELLS:
        return _open_processes(context, settings, n_workers)
    return GradualExecutor(
        context,
        n_workers,
        settings.n_trials or 0,
        lambda: _open_processes(context, settings, n_workers),
    )


def _open_processes(
    context: EvaluationContext, settings: TrainingSettings, n_workers: int
) -> ProcessExecutor:
    limit_mb = worker_memory(settings.memory_limit, n_workers) / MIB
    return ProcessExecutor(context, n_workers, memory_limit_mb=limit_mb)

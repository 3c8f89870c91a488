"""A training in three steps: plan the search, search, finish with a fitted model.

The estimators call them in a row (`espalier.pipelines.automl.in_process`); the flow of a training
wraps them in its tasks.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.automl.training_data import TrainingData
from espalier.pipelines.calibration.fit_adjustments import AdjustmentResult, fit_adjustments
from espalier.pipelines.calibration.report import AdjustmentReport
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.finishing.baseline import choose_baseline
from espalier.pipelines.finishing.finish import FinishInputs, choose_and_fit
from espalier.pipelines.lifecycle.retraining.warm_start import valid_in_space
from espalier.pipelines.members.cost import FinishCost
from espalier.pipelines.members.member import Member
from espalier.pipelines.metrics.scoring import answer_floor
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.search.limits.reserve import search_deadline
from espalier.pipelines.search.loop import OnResult, run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.stand_ins import with_stand_ins
from espalier.pipelines.serving.latency import prepare_ms
from espalier.pipelines.serving.model import EnsembleModel, build_model
from espalier.pipelines.serving.residual_correction import ResidualCorrection
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History

if TYPE_CHECKING:  # loads scipy.stats
    from espalier.pipelines.experience.advice import Advice

Members = Sequence[Member | None]
Correct = Callable[[EnsembleChoice, Members], tuple[EnsembleChoice, ResidualCorrection | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTraining:
    """The model of a training, and how it came about.

    Attributes
    ----------
    model : EnsembleModel
        Takes raw rows.
    choice : EnsembleChoice
        The members and how they were chosen.
    adjusted : AdjustmentReport
        How its calibration, threshold and intervals came about.
    """

    model: EnsembleModel
    choice: EnsembleChoice
    adjusted: AdjustmentReport


def plan_search(
    data: TrainingData,
    settings: TrainingSettings,
    *,
    n_workers: int,
    memory_limit_mb: float | None,
    finish: FinishCost,
    winners: Sequence[Configuration] = (),
    advice: "Advice | None" = None,
    n_before: int = 0,
) -> SearchPlan:
    """Return what stays the same through the search.

    Parameters
    ----------
    data : TrainingData
        The table.
    settings : TrainingSettings
        What is asked.
    n_workers : int
        Trials that run at the same time.
    memory_limit_mb : float or None
        MiB that a trial may be expected to take.
    finish : FinishCost
        What comes after the refits.
    winners : sequence of Configuration
        What earlier trainings found best; tried first.
    advice : Advice or None
        What experience would try; tried next.
    n_before : int
        Trials taken over from another run; the budget comes on top of them.
    """
    space = data.space
    first = (*winners, *(() if advice is None else advice.first))
    return SearchPlan(
        space=space,
        budget=settings.budget.beyond(n_before),
        seed=settings.seed,
        n_workers=n_workers,
        strategy=settings.search,
        n_folds=len(data.folds),
        finish=finish,
        warm_start=valid_in_space(first, space, trials=settings.n_trials),
        prior=None if advice is None else advice.prior,
        memory_limit_mb=memory_limit_mb,
    )


def search(
    plan: SearchPlan,
    data: TrainingData,
    executor: Executor,
    *,
    deadline: Deadline,
    predicted: Container[int],
    on_result: OnResult,
) -> History:
    """Search until the budget is spent.

    Parameters
    ----------
    plan : SearchPlan
        From `plan_search`.
    data : TrainingData
        The table.
    executor : Executor
        Runs the trials.
    deadline : Deadline
        When the whole training must be over.
    predicted : container of int
        The trials whose predictions ``on_result`` has kept.
    on_result : callable
        Told each outcome, with its out-of-fold predictions, as it arrives.
    """
    end = search_deadline(plan.budget, plan.space.shape, deadline)
    history = run_search(plan, executor, data.metric, deadline=end, on_result=on_result)
    return with_stand_ins(history, predicted)


def finish(
    data: TrainingData,
    history: History,
    predictions: Mapping[int, NDArray[Any]],
    executor: Executor,
    settings: TrainingSettings,
    *,
    finishing: FinishInputs,
    deadline: Deadline,
    correct: Correct | None = None,
) -> FinishedTraining:
    """Choose the members of the ensemble, fit them to all rows, and make one model of them.

    Parameters
    ----------
    data : TrainingData
        The table.
    history : History
        Every trial.
    predictions : mapping of int to array
        Out-of-fold predictions by trial number.
    executor : Executor
        Does the refits; nothing may be pending.
    settings : TrainingSettings
        What is asked.
    finishing : FinishInputs
        The time for choosing and fitting, and what may save some.
    deadline : Deadline
        When the training must be over.
    correct : callable or None
        Given the ensemble and its fitted members, returns it with a correction of its predictions.

    Raises
    ------
    SearchFailedError
        No trial succeeded, or none is within the limits, or no member could be fitted.
    """
    members: Members
    correction = None
    if not history.successes and settings.allow_baseline:
        choice, members = choose_baseline(data.search, data.metric)
        adjusted = AdjustmentResult()
    else:
        choice, members = choose_and_fit(
            executor,
            history,
            predictions,
            dataset=data.search,
            seed=settings.seed,
            finishing=_within_limits(finishing, data, settings),
            folds=data.folds,
            combine=settings.ensemble and not settings.interpretable,
        )
        if correct is not None:
            choice, correction = correct(choice, members)
        adjusted = fit_adjustments(
            choice,
            members,
            predictions,
            dataset=data.search,
            metric=data.metric,
            seed=settings.seed,
            threshold=settings.threshold,
            deadline=deadline,
        )
    model = build_model(
        choice,
        members,
        preparation=data.preparation,
        dataset=data.search,
        metric=data.metric.name,
        target=data.target,
        example=data.example_rows,
        adjustments=adjusted.adjustments,
        correction=correction,
        floor=answer_floor(data.metric, data.search.y),
    )
    return FinishedTraining(model=model, choice=choice, adjusted=adjusted.report)


def _within_limits(
    finishing: FinishInputs, data: TrainingData, settings: TrainingSettings
) -> FinishInputs:
    """Return ``finishing`` with what the model may cost, less what preparing a row takes."""
    limits = settings.limits
    if limits and data.example_rows is not None:
        limits = replace(limits, fixed_ms=prepare_ms(data.preparation, data.example_rows))
    return replace(finishing, limits=limits)

"""A training in three steps: plan the search, search, finish with a fitted model.

The estimators call the steps directly (`espalier.pipelines.automl.in_process`); the training flow
wraps them in its tasks.
"""

import warnings
from collections.abc import Callable, Container, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from espalier.pipelines.automl.settings import TrainingSettings
from espalier.pipelines.automl.training_data import TrainingData
from espalier.pipelines.calibration.fit_adjustments import AdjustmentResult, fit_adjustments
from espalier.pipelines.calibration.report import AdjustmentReport
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.finishing.baseline import choose_baseline
from espalier.pipelines.finishing.finish import FinishInputs, choose_and_fit
from espalier.pipelines.finishing.light_models import NO_LIGHT_MODELS, LightModels
from espalier.pipelines.finishing.prefer import FrontPoint
from espalier.pipelines.lifecycle.retraining.warm_start import valid_in_space
from espalier.pipelines.members.cost import FinishCost
from espalier.pipelines.members.member import Member
from espalier.pipelines.metrics.scoring import answer_floor
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.search.differentiable import ask_supernets, with_proposals
from espalier.pipelines.search.limits.operation_limit import aims_within
from espalier.pipelines.search.limits.reserve import search_deadline
from espalier.pipelines.search.loop import OnResult, run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.stand_ins import with_stand_ins
from espalier.pipelines.search.strategies.names import DIFFERENTIABLE
from espalier.pipelines.serving.latency import measure_reading, prepare_ms
from espalier.pipelines.serving.model import EnsembleModel, build_model
from espalier.pipelines.serving.residual_correction import ResidualCorrection
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions

if TYPE_CHECKING:  # loads scipy.stats
    from espalier.pipelines.experience.advice import Advice


class SearchableData(Protocol):
    """What a plan needs to know of the data, whether rows of a table or series."""

    @property
    def space(self) -> SearchSpace:
        """The search space on these data."""
        ...

    @property
    def folds(self) -> Sized:
        """What each trial is scored on."""
        ...


Members = Sequence[Member | None]
Correct = Callable[[EnsembleChoice, Members], tuple[EnsembleChoice, ResidualCorrection | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTraining:
    """The fitted model of a training, and how it was made.

    Attributes
    ----------
    model : EnsembleModel
        The model; it predicts raw rows.
    choice : EnsembleChoice
        The members and how they were chosen.
    adjusted : AdjustmentReport
        How calibration, decision threshold and prediction intervals were chosen.
    light : LightModels
        Smaller forms of the best models; none unless they were asked for.
    front : tuple of FrontPoint
        What cannot be bettered in score and costs at once; empty unless asked for.
    """

    model: EnsembleModel
    choice: EnsembleChoice
    adjusted: AdjustmentReport
    light: LightModels = NO_LIGHT_MODELS
    front: tuple[FrontPoint, ...] = ()


def plan_search(
    data: SearchableData,
    settings: TrainingSettings,
    *,
    n_workers: int,
    memory_limit_mb: float | None,
    finish: FinishCost,
    winners: Sequence[Configuration] = (),
    advice: "Advice | None" = None,
    taken_over: frozenset[int] = frozenset(),
    only_winners: bool = False,
) -> SearchPlan:
    """Return the plan of a search: the settings that stay the same during it.

    Parameters
    ----------
    data : SearchableData
        The table, or the series.
    settings : TrainingSettings
        Options of the training.
    n_workers : int
        Number of trials that run at the same time.
    memory_limit_mb : float or None
        Largest expected memory of a trial in MiB; None for no limit.
    finish : FinishCost
        Estimated cost of everything after the refits.
    winners : sequence of Configuration
        Best configurations of earlier trainings; tried first.
    advice : Advice or None
        Advice from experience; its configurations are tried next.
    taken_over : frozenset of int
        Numbers of the trials taken over from another run; the budget is in addition to them.
    only_winners : bool
        Whether the trials of the budget are for the winners, and not half of them for others.

    Raises
    ------
    UserError
        No model can be within the limit on operations.
    """
    space = data.space
    first = (*winners, *(() if advice is None else advice.first))
    return SearchPlan(
        space=space,
        budget=settings.budget.beyond(len(taken_over)),
        seed=settings.seed,
        n_workers=n_workers,
        strategy=settings.search,
        n_folds=len(data.folds),
        finish=finish,
        warm_start=valid_in_space(first, space, trials=None if only_winners else settings.n_trials),
        prior=None if advice is None else advice.prior,
        memory_limit_mb=memory_limit_mb,
        taken_over=taken_over,
        aims=aims_within(space, settings.max_operations),
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
        The plan from `plan_search`.
    data : TrainingData
        The table.
    executor : Executor
        Runs the trials.
    deadline : Deadline
        When the whole training must end.
    predicted : container of int
        Numbers of the trials whose predictions ``on_result`` has kept.
    on_result : callable
        Called with each outcome, with its out-of-fold predictions, as it arrives.
    """
    end = search_deadline(plan.budget, plan.space.shape, deadline)
    if plan.strategy == DIFFERENTIABLE:
        findings = ask_supernets(plan, executor, data.folds, end)
        if not findings.proposed:
            warnings.warn(findings.said, stacklevel=2)
        plan = with_proposals(plan, findings)
    history = run_search(plan, executor, data.metric, deadline=end, on_result=on_result)
    return with_stand_ins(history, predicted)


def finish(
    data: TrainingData,
    history: History,
    predictions: Mapping[int, Predictions],
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
        All trials.
    predictions : mapping of int to array
        Out-of-fold predictions by trial number.
    executor : Executor
        Runs the refits; no trial may be pending.
    settings : TrainingSettings
        Options of the training.
    finishing : FinishInputs
        Time and limits for choosing and fitting the members.
    deadline : Deadline
        When the training must end.
    correct : callable or None
        Gets the ensemble and its fitted members, and returns the ensemble with a correction of
        its predictions.

    Raises
    ------
    SearchFailedError
        No trial succeeded, or none is within the limits, or no member could be fitted.
    """
    members: Members
    correction = None
    light, front = NO_LIGHT_MODELS, tuple[FrontPoint, ...]()
    if not history.successes and settings.allow_baseline:
        choice, members = choose_baseline(data.search, data.metric)
        adjusted = AdjustmentResult()
    else:
        made = choose_and_fit(
            executor,
            history,
            predictions,
            dataset=data.search,
            seed=settings.seed,
            finishing=_within_limits(finishing, data, settings),
            folds=data.folds,
            space=data.space,
            combine=settings.ensemble and not settings.interpretable,
        )
        choice, members, light, front = made.choice, made.members, made.light, made.front
        predictions = {**predictions, **light.predictions}
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
        adjustments=replace(adjusted.adjustments, floor=answer_floor(data.metric, data.search.y)),
        correction=correction,
    )
    return FinishedTraining(
        model=model,
        choice=choice,
        adjusted=adjusted.report,
        light=light,
        front=front,
    )


def refuse_impossible(data: TrainingData, settings: TrainingSettings) -> None:
    """Refuse limits that no model can be within, before any is trained.

    Raises
    ------
    UserError
        Preparing a row takes all of the latency already, or every family takes more operations.
    """
    limits = settings.limits
    if limits.max_latency_ms is not None and data.example_rows is not None:
        preparing = prepare_ms(data.preparation, data.example_rows)
        if preparing >= limits.max_latency_ms:
            raise UserError(
                f"no model can be within {limits.max_latency_ms:g} ms a row: preparing one takes "
                f"{preparing:.3g} ms already; allow more"
            )
    aims_within(data.space, limits.max_operations)


def _within_limits(
    finishing: FinishInputs, data: TrainingData, settings: TrainingSettings
) -> FinishInputs:
    """Return ``finishing`` with what is preferred, and the limits less the time for a row."""
    limits = settings.limits
    if limits and data.example_rows is not None:
        limits = replace(limits, fixed_ms=prepare_ms(data.preparation, data.example_rows))
    preference, reading = settings.preference, finishing.reading
    if preference.wants_light and data.example_rows is not None:
        reading = measure_reading(data.preparation, data.example_rows, data.learners)
    return replace(finishing, limits=limits, preference=preference, reading=reading)

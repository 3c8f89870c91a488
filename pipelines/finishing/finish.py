"""Choose and fit the members of the final ensemble, within the time that is left."""

from collections.abc import Mapping
from dataclasses import dataclass

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.ensemble.choose import (
    EnsembleChoice,
    choose_ensemble,
    choose_single,
    single_choice,
)
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.finishing.distil import Lesson, distil
from espalier.pipelines.finishing.light_models import NO_LIGHT_MODELS, LightModels, compress
from espalier.pipelines.finishing.prefer import FrontPoint, prefer
from espalier.pipelines.finishing.refit import fit_choice
from espalier.pipelines.members.cost import NOTHING, FinishCost, RefitTime, refit_seconds
from espalier.pipelines.members.member import Member
from espalier.pipelines.members.preference import THE_SCORE, Preference
from espalier.pipelines.members.serving_limits import NO_LIMITS, ServingLimits
from espalier.pipelines.members.serving_mode import Serving
from espalier.pipelines.members.shared_reading import NO_READING, SharedReading
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.failures import SearchFailedError, failures_of, nothing_succeeded
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions

# Of the time that is left after the search, this share may go into choosing the members; the
# rest is for fitting them and for what follows.
CHOICE_SHARE = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishInputs:
    """The time, limits and stored fold models with which a run is finished.

    Attributes
    ----------
    deadline : Deadline
        When the run must be over.
    cost : FinishCost
        Expected cost of the steps after the refits.
    fold_models : FoldModels or None
        Stored fold models that can be used instead of a refit.
    serving : "auto", "refit" or "bagged"
        Whether members are refitted or serve as their fold models.
    limits : ServingLimits
        Largest latency, size and operations of all members together.
    preference : Preference
        What is wanted beside the score, and which model of the front is taken.
    reading : SharedReading
        What the frozen networks cost that read pictures and texts for the models.
    """

    deadline: Deadline
    cost: FinishCost = NOTHING
    fold_models: FoldModels | None = None
    serving: Serving = "auto"
    limits: ServingLimits = NO_LIMITS
    preference: Preference = THE_SCORE
    reading: SharedReading = NO_READING

    def refit_time(self, history: History, n_workers: int) -> RefitTime:
        """Return the time for refitting members that are chosen from these trials."""
        kept = frozenset[int]() if self.fold_models is None else self.fold_models.of(history)
        return RefitTime(
            deadline=self.deadline,
            n_workers=n_workers,
            finish=self.cost,
            kept=kept,
            serving=self.serving,
            limits=self.limits,
        )

    @property
    def choice_deadline(self) -> Deadline:
        """The deadline for choosing the members; the rest of the time is for fitting them."""
        return self.deadline.part(CHOICE_SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedMembers:
    """The chosen members with their models, and what they were chosen from.

    Attributes
    ----------
    choice : EnsembleChoice
        The members and their weights.
    members : tuple of Member or None
        Their models, in the order of ``choice.members``; None for a member that has none.
    light : LightModels
        Smaller forms of the best models; none unless they were asked for.
    front : tuple of FrontPoint
        What cannot be bettered in score and costs at once; empty unless asked for.
    """

    choice: EnsembleChoice
    members: tuple[Member | None, ...]
    light: LightModels = NO_LIGHT_MODELS
    front: tuple[FrontPoint, ...] = ()


def choose_and_fit(
    executor: Executor,
    history: History,
    predictions: Mapping[int, Predictions],
    *,
    dataset: Dataset,
    seed: int,
    finishing: FinishInputs,
    folds: FoldPlan,
    space: SearchSpace,
    combine: bool = True,
) -> FinishedMembers:
    """Choose the members and fit their models.

    Parameters
    ----------
    executor : Executor
        Runs the refits; it must not have pending trials.
    history : History
        All trials of the search.
    predictions : mapping of int to array
        Out-of-fold predictions by trial number.
    dataset : Dataset
        The search rows.
    seed : int
        The run's seed.
    finishing : FinishInputs
        The time, the limits and stored fold models.
    folds : FoldPlan
        The folds of all trials.
    space : SearchSpace
        The families, which may learn from the ensemble where small models are wanted.
    combine : bool
        Whether members may be combined; otherwise the best trial alone is chosen.

    Raises
    ------
    SearchFailedError
        No trial succeeded, or none is within the limits; the message names the reasons.
    """
    if not history.successes:
        raise SearchFailedError(nothing_succeeded(history), failures_of(history))
    limits, preference = finishing.limits, finishing.preference
    admitted = _within_limits(history, limits)
    if not admitted.successes and not preference.wants_light:
        raise SearchFailedError(limits.refusal(history.successes), failures_of(history))
    # What is too large or too slow may have a smaller form.
    known = admitted if admitted.successes else history
    time = finishing.refit_time(known, executor.n_workers)
    if combine:
        choice = choose_ensemble(
            known.ordered,
            predictions,
            dataset=dataset,
            metric=history.metric,
            seed=seed,
            deadline=finishing.choice_deadline,
            refit_time=time,
        )
    else:
        choice = choose_single(
            known.ordered, predictions, dataset=dataset, metric=history.metric, seed=seed
        )
    light, front = NO_LIGHT_MODELS, tuple[FrontPoint, ...]()
    if preference.wants_light:
        lesson = Lesson(
            dataset=dataset,
            folds=folds,
            space=space,
            choice=choice,
            history=known,
            predictions=predictions,
            seed=seed,
        )
        light = _make_light(executor, lesson, history, time)
        known = _within_limits(known.extend(light.results), limits)
        if not known.successes:
            tried = history.extend(light.results)
            raise SearchFailedError(limits.refusal(tried.successes), failures_of(history))
        if not admitted.successes and known.best is not None:
            choice = single_choice(known.best, choice.rule)
        predictions = {**predictions, **light.predictions}
        preferred = prefer(
            choice,
            _predicted(known, predictions),
            predictions,
            dataset=dataset,
            preference=preference,
            time=time,
            seed=seed,
            reading=finishing.reading,
        )
        choice, front = preferred.choice, preferred.front
    choice, members = fit_choice(
        choice,
        known,
        executor,
        time,
        fold_models=finishing.fold_models,
        folds=folds,
        jobs=light.jobs,
    )
    return FinishedMembers(choice=choice, members=tuple(members), light=light, front=front)


def _make_light(
    executor: Executor, lesson: Lesson, history: History, time: RefitTime
) -> LightModels:
    """Return smaller forms of the best models, and students of the ensemble if there is one."""
    members = lesson.members
    refits = sum(map(refit_seconds, members)) / executor.n_workers
    end = time.deadline.earlier(time.finish.fixed + refits)
    light = compress(executor, lesson.history, lesson.choice, end, first=history.next_number)
    if len(members) == 1:
        return light
    first = max(history.next_number, light.next_number)
    return distil(executor, lesson, light, end, first=first)


def _predicted(history: History, predictions: Mapping[int, Predictions]) -> History:
    """Return the trials with out-of-fold predictions at hand: of a long search, the best ones."""
    there = tuple(each for each in history.results if each.trial.number in predictions)
    return History(history.metric, there)


def _within_limits(history: History, limits: ServingLimits) -> History:
    """Return the trials of which a single model is within the limits."""
    if not limits:
        return history
    return History(history.metric, tuple(each for each in history.successes if limits.admits(each)))

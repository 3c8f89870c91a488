"""Choose and fit the members of the final ensemble, within the time that is left."""

from collections.abc import Mapping
from dataclasses import dataclass

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.ensemble.choose import EnsembleChoice, choose_ensemble, choose_single
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.finishing.refit import fit_choice
from espalier.pipelines.members.cost import NOTHING, FinishCost, RefitTime
from espalier.pipelines.members.member import Member
from espalier.pipelines.members.serving_limits import NO_LIMITS, ServingLimits, row_ms, size_mb
from espalier.pipelines.members.serving_mode import Serving
from espalier.pipelines.resources.budget import Deadline
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
        Largest latency and size of all members together.
    """

    deadline: Deadline
    cost: FinishCost = NOTHING
    fold_models: FoldModels | None = None
    serving: Serving = "auto"
    limits: ServingLimits = NO_LIMITS

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
        # Without a deadline the time left is infinite, and so it stays.
        return self.deadline.earlier((1.0 - CHOICE_SHARE) * max(0.0, self.deadline.seconds_left))


def choose_and_fit(
    executor: Executor,
    history: History,
    predictions: Mapping[int, Predictions],
    *,
    dataset: Dataset,
    seed: int,
    finishing: FinishInputs,
    folds: FoldPlan,
    combine: bool = True,
) -> tuple[EnsembleChoice, list[Member | None]]:
    """Choose the members and fit their models; the model is None for a member that has none.

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
    combine : bool
        Whether members may be combined; otherwise the best trial alone is chosen.

    Raises
    ------
    SearchFailedError
        No trial succeeded, or none is within the limits; the message names the reasons.
    """
    if not history.successes:
        raise SearchFailedError(nothing_succeeded(history), failures_of(history))
    history = _within_limits(history, finishing.limits)
    time = finishing.refit_time(history, executor.n_workers)
    metric = history.metric
    if combine:
        choice = choose_ensemble(
            history.ordered,
            predictions,
            dataset=dataset,
            metric=metric,
            seed=seed,
            deadline=finishing.choice_deadline,
            refit_time=time,
        )
    else:
        choice = choose_single(
            history.ordered, predictions, dataset=dataset, metric=metric, seed=seed
        )
    return fit_choice(
        choice, history, executor, time, fold_models=finishing.fold_models, folds=folds
    )


def _within_limits(history: History, limits: ServingLimits) -> History:
    """Return the trials of which a single model is within the limits."""
    if not limits:
        return history
    left = [each for each in history.successes if limits.admit(row_ms(each), size_mb(each))]
    if not left:
        raise SearchFailedError(limits.refusal(history.successes), failures_of(history))
    return History(history.metric, tuple(left))

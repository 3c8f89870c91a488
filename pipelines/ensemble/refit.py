"""From chosen trials to fitted members."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipelines.budget import Deadline
from pipelines.ensemble.choose import EnsembleChoice
from pipelines.ensemble.combination import Combination, CombinationSpace
from pipelines.ensemble.cost import RefitTime, refit_seconds
from pipelines.evaluation.evaluate import MemberJob
from pipelines.evaluation.executor import Executor
from pipelines.evaluation.fold_models import FoldModels
from pipelines.history import History
from pipelines.trial import TrialResult

if TYPE_CHECKING:
    from pipelines.learners.candidate import Candidate

# A booster that the deadline cut off before this share of its rounds is not the model that was
# chosen.
COMPLETE_SHARE = 0.8
# Members that should take more than this share of the time there is may well be too late.
RISKY_SHARE = 0.4
# Then a model that needs at most this share of it is fitted before them, to be sure of one.
SURE_SHARE = 0.15
# The model of last resort is the best of those that fit in this many seconds; it gets this many
# times what it took before, within what is left, and at least so many seconds.
LAST_RESORT_FIT_SECONDS = 1.5
LAST_RESORT_FACTOR = 5.0
LAST_RESORT_SECONDS = 3.0


def member_job(result: TrialResult) -> MemberJob:
    """Return how to refit a trial's configuration on all search rows.

    Early stopping needs rows of its own; a refit takes the mean of the rounds that it found.
    """
    rounds = result.iterations
    return MemberJob(
        trial_number=result.trial.number,
        configuration=result.trial.configuration,
        seed=result.trial.seed,
        iterations=max(1, round(sum(rounds) / len(rounds))) if rounds else None,
    )


def fit_choice(
    choice: EnsembleChoice,
    history: History,
    executor: Executor,
    time: RefitTime,
    *,
    fold_models: FoldModels | None = None,
) -> "tuple[EnsembleChoice, list[Candidate | None]]":
    """Refit the chosen members, heaviest first, until the deadline.

    A member that by its trial's seconds would not be done in time is not begun, so that it does
    not take the others' time too. Where all may be late, a quick model is fitted before them.

    Parameters
    ----------
    choice : EnsembleChoice
        What to fit.
    history : History
        The trials they come from.
    executor : Executor
        Does the work; nothing may be pending.
    time : RefitTime
        How long it may take.
    fold_models : FoldModels or None
        Models that can take the place of a refit.

    Returns
    -------
    choice : EnsembleChoice
        The same, unless there is no model of any member: then the best quick trial alone.
    fitted : list of Candidate or None
        In the order of ``choice.members``; None for a member without a model.
    """
    results = {result.trial.number: result for result in history.successes}
    members = [results[number] for number, _ in choice.members]
    deadline = time.refit_deadline(members)
    begun = [members[position] for position in time.refittable(members)]
    sure = _sure_trial(members, begun, history, time)
    refits = _fit(executor, [*([] if sure is None else [sure]), *begun], deadline)
    fitted = [refits.whole(each) or _fold_model(fold_models, each) for each in members]
    if not any(fitted):  # a booster that was cut off is better than nothing
        fitted = [refits.models.get(each.trial.number) for each in members]
    if any(fitted):
        return choice, fitted
    if sure is not None and sure.trial.number in refits.models:
        return _alone(choice, sure), [refits.models[sure.trial.number]]
    chosen = _quick_trial(history, LAST_RESORT_FIT_SECONDS)
    seconds = min(LAST_RESORT_FACTOR * chosen.fit_seconds, time.deadline.seconds_left)
    last = Deadline.after(max(LAST_RESORT_SECONDS, seconds))
    return _alone(choice, chosen), executor.fit_members([member_job(chosen)], last)


@dataclass(frozen=True, slots=True)
class _Refits:
    """Models by trial number, and what was asked for."""

    jobs: dict[int, MemberJob]
    models: "dict[int, Candidate]"

    def whole(self, result: TrialResult) -> "Candidate | None":
        """Return the refit of a trial if it got about as far as it was meant to."""
        candidate = self.models.get(result.trial.number)
        if candidate is None:
            return None
        wanted = self.jobs[result.trial.number].iterations
        rounds = getattr(candidate, "n_iterations_", None)
        done = wanted is None or rounds is None or rounds >= COMPLETE_SHARE * wanted
        return candidate if done else None


def _fit(executor: Executor, results: Sequence[TrialResult], deadline: Deadline) -> _Refits:
    """Refit these trials side by side, in their order."""
    jobs = {result.trial.number: member_job(result) for result in results}
    models = executor.fit_members(list(jobs.values()), deadline)
    return _Refits(
        jobs,
        {number: model for number, model in zip(jobs, models, strict=True) if model is not None},
    )


def _sure_trial(
    members: Sequence[TrialResult],
    begun: Sequence[TrialResult],
    history: History,
    time: RefitTime,
) -> TrialResult | None:
    """Return the trial to refit first where all members may be too late; None where one is safe."""
    left = time.refit_deadline(members).seconds_left
    safe = any(refit_seconds(each) <= RISKY_SHARE * left for each in begun)
    if safe or any(each.trial.number in time.kept for each in members):
        return None
    chosen = _quick_trial(history, SURE_SHARE * left)
    # A model that is not quick would only make the members late.
    return chosen if not begun or refit_seconds(chosen) <= SURE_SHARE * left else None


def _quick_trial(history: History, seconds: float) -> TrialResult:
    """Return the best trial that can be refitted in ``seconds``; if there is none, the quickest."""
    results = history.successes
    quickest = min(results, key=lambda result: (result.fit_seconds, result.trial.number))
    return max(
        (each for each in results if refit_seconds(each) <= seconds),
        key=lambda each: (history.gain(each), -each.trial.number),
        default=quickest,
    )


def _fold_model(fold_models: FoldModels | None, result: TrialResult) -> "Candidate | None":
    return None if fold_models is None else fold_models.load(result.trial)


def _alone(choice: EnsembleChoice, result: TrialResult) -> EnsembleChoice:
    """Return the choice of one trial that was not chosen, for want of better."""
    return replace(
        choice,
        members=((result.trial.number, 1.0),),
        method="quick single",
        rule=Combination(
            problem=choice.rule.problem,
            space=CombinationSpace.PROBABILITY,
            weights=(1.0,),
            floor=choice.rule.floor,
        ),
        cv_score=float(result.score if result.score is not None else choice.cv_score),
        nested=None,
    )

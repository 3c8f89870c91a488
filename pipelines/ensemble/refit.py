"""From chosen trials to fitted members."""

from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.budget import Deadline
from pipelines.ensemble.choose import EnsembleChoice
from pipelines.ensemble.combination import Combination, CombinationSpace
from pipelines.ensemble.cost import RefitTime
from pipelines.evaluation.evaluate import MemberJob
from pipelines.evaluation.executor import Executor
from pipelines.history import History
from pipelines.trial import TrialResult

if TYPE_CHECKING:
    from pipelines.learners.candidate import Candidate

# A booster that the deadline cut off before this share of its rounds is not the model that was
# chosen.
COMPLETE_SHARE = 0.8
# The model of last resort is the best of those that fitted in this many seconds; it gets this
# many times what it took before, and at least so many seconds.
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
    choice: EnsembleChoice, history: History, executor: Executor, deadline: Deadline
) -> "tuple[EnsembleChoice, list[Candidate | None]]":
    """Refit the chosen members, heaviest first, until the deadline.

    A member that by its trial's seconds would not be done in time is not begun, so that it does
    not take the others' time too.

    Parameters
    ----------
    choice : EnsembleChoice
        What to fit.
    history : History
        The trials they come from.
    executor : Executor
        Does the work; nothing may be pending.
    deadline : Deadline
        When to stop.

    Returns
    -------
    choice : EnsembleChoice
        The same, unless no member could be fitted: then the best quick trial alone.
    fitted : list of Candidate or None
        In the order of ``choice.members``; None for a member that failed or was too late.
    """
    results = {result.trial.number: result for result in history.successes}
    jobs = [member_job(results[number]) for number, _ in choice.members]
    time = RefitTime(deadline=deadline, n_workers=executor.n_workers)
    begun = time.affordable([results[number] for number, _ in choice.members])
    answers = dict(
        zip(begun, executor.fit_members([jobs[each] for each in begun], deadline), strict=True)
    )
    fitted = [answers.get(position) for position in range(len(jobs))]
    whole = [
        candidate if candidate is not None and _complete(candidate, job) else None
        for candidate, job in zip(fitted, jobs, strict=True)
    ]
    if any(candidate is not None for candidate in whole):
        return choice, whole
    if any(candidate is not None for candidate in fitted):
        return choice, fitted
    return _last_resort(choice, history, executor)


def _complete(candidate: "Candidate", job: MemberJob) -> bool:
    """Whether a refit got about as far as it was meant to."""
    rounds = getattr(candidate, "n_iterations_", None)
    return job.iterations is None or rounds is None or rounds >= COMPLETE_SHARE * job.iterations


def _last_resort(
    choice: EnsembleChoice, history: History, executor: Executor
) -> "tuple[EnsembleChoice, list[Candidate | None]]":
    """Fit the best quick trial: a run that has learned something ends with a model."""
    results = history.successes
    quickest = min(results, key=lambda result: (result.fit_seconds, result.trial.number))
    sign = history.metric.sign
    chosen = max(
        (each for each in results if each.fit_seconds <= LAST_RESORT_FIT_SECONDS),
        key=lambda each: (sign * (each.score or 0.0), -each.trial.number),
        default=quickest,
    )
    seconds = max(LAST_RESORT_SECONDS, LAST_RESORT_FACTOR * chosen.fit_seconds)
    fitted = executor.fit_members([member_job(chosen)], Deadline.after(seconds))
    alone = replace(
        choice,
        members=((chosen.trial.number, 1.0),),
        method="quick single",
        rule=Combination(
            problem=choice.rule.problem,
            space=CombinationSpace.PROBABILITY,
            weights=(1.0,),
            floor=choice.rule.floor,
        ),
        cv_score=float(chosen.score if chosen.score is not None else choice.cv_score),
    )
    return alone, fitted

"""Fit the chosen members: refit them, or use the models of their folds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from espalier.pipelines.data.splitting.folds import FoldPlan
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.fold_models import FoldModels, n_served, served_folds
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.members.cost import RefitTime, by_worth, refit_seconds
from espalier.pipelines.members.member import Member
from espalier.pipelines.members.refit_counts import refit_counts
from espalier.pipelines.members.serving_mode import RefitMode
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult

# A booster with less than this share of its planned rounds, because of the deadline, is incomplete.
COMPLETE_SHARE = 0.8
# A member that is expected to take more than this share of the time left may well be too late.
RISKY_SHARE = 0.4
# In that case a model that needs at most this share is fitted first, so that there is one.
SURE_SHARE = 0.15
# The model of last resort is the best of those that fit in this many seconds; it gets this many
# times what it took before, within what is left, and at least so many seconds.
LAST_RESORT_FIT_SECONDS = 1.5
LAST_RESORT_FACTOR = 5.0
LAST_RESORT_SECONDS = 3.0


def member_job(result: TrialResult) -> MemberJob:
    """Return the job that refits a trial's configuration on all search rows.

    A refit has no validation rows for early stopping, so its number of boosting rounds is the mean
    of those of the folds.
    """
    variant = result.trial.variant
    return MemberJob(
        trial_number=result.trial.number,
        configuration=result.trial.configuration,
        seed=result.trial.seed,
        iterations=result.rounds,
        rank_share=None if variant is None else variant.rank_share,
        channel_share=None if variant is None else variant.channel_share,
        in_eight_bits=variant is not None and variant.in_eight_bits,
    )


def seed_jobs(result: TrialResult, count: int) -> list[MemberJob]:
    """Return ``count`` jobs of refits that differ by their seed, the first with the trial's own."""
    job = member_job(result)
    more = (integer_seed(job.seed, "refit", place) for place in range(1, count))
    return [job, *(replace(job, seed=seed) for seed in more)]


def fold_jobs(result: TrialResult, folds: FoldPlan) -> list[MemberJob]:
    """Return the jobs that fit a trial's configuration to each fold again, as the trial did."""
    return [
        MemberJob(
            trial_number=result.trial.number,
            configuration=result.trial.configuration,
            seed=result.trial.seed,
            rows=fold.train,
        )
        for fold in folds.folds[: served_folds(len(folds))]
    ]


def fit_choice(
    choice: EnsembleChoice,
    history: History,
    executor: Executor,
    time: RefitTime,
    *,
    fold_models: FoldModels | None = None,
    folds: FoldPlan | None = None,
    jobs: Mapping[int, MemberJob] | None = None,
) -> tuple[EnsembleChoice, list[Member | None]]:
    """Fit the chosen members, heaviest first, until the deadline.

    A member that would not be done in time, by the seconds of its trial, is not started, so that it
    does not take the time of the others; its stored fold models are used if there are any. If all
    members may be late and no fold models are stored, a quick model is fitted first. In the time
    that is left, further refits of other seeds follow (`refit_counts`).

    Parameters
    ----------
    choice : EnsembleChoice
        The members to fit.
    history : History
        All trials of the search.
    executor : Executor
        Runs the fits; it must not have pending trials.
    time : RefitTime
        How long it may take, and whether refits or fold models are wanted.
    fold_models : FoldModels or None
        Stored fold models that can be used instead of a refit.
    folds : FoldPlan or None
        The folds of all trials, for fitting fold models that are not stored; None to refit
        instead.
    jobs : mapping of int to MemberJob, or None
        How models are refitted whose results do not tell, by trial number.

    Returns
    -------
    choice : EnsembleChoice
        The same choice, unless no member has a model: then the best single trial that has one.
    fitted : list of Member or None
        In the order of ``choice.members``; None for a member without a model.
    """
    results = {result.trial.number: result for result in history.successes}
    members = [results[number] for number, _ in choice.members]
    # A run without a clock must not depend on what its trials took.
    weights = [] if time.deadline.at is None else [weight for _, weight in choice.members]
    ways = time.plan(members, weights)
    refits = [each for each, way in zip(members, ways, strict=True) if _is_refit(way, folds)]
    # Members without stored fold models come first: they have no substitute for a refit. Then what
    # weighs most for its seconds, as not all may be done in time.
    order = [members[position].trial.number for position in by_worth(members, weights)]
    refits.sort(key=lambda each: (each.trial.number in time.kept, order.index(each.trial.number)))
    bagged = [each for each, way in zip(members, ways, strict=True) if way is RefitMode.FOLDS]
    counts = refit_counts(time, members, ways)
    own = jobs or {}
    several = {
        each.trial.number: count
        for each, count in zip(members, counts, strict=True)
        if count > 1 and each.trial.number not in own
    }
    deadline = time.refit_deadline(members, ways).earlier(
        sum((n - 1) * time.finish.of_member(results[number]) for number, n in several.items())
    )
    sure = _sure_trial(deadline, refits, history, time)
    made = _fit(
        executor,
        [*([] if sure is None else [sure]), *refits],
        bagged if folds else (),
        folds,
        deadline,
        own,
        several,
    )
    # Under limits, fold models cannot replace a failed refit: they were not counted in them.
    spare = [None if time.limits and way is not RefitMode.KEPT else fold_models for way in ways]
    fitted = [
        made.whole(each) or _kept(there, each) for each, there in zip(members, spare, strict=True)
    ]
    if not any(fitted):  # a booster that was cut off is better than nothing
        fitted = [made.any(each) for each in members]
    if any(fitted):
        return choice, fitted
    last = sure or _best_kept(history, time)
    model = None if last is None else (made.any(last) or _kept(fold_models, last))
    if last is not None and model is not None:
        return _alone(choice, last), [model]
    chosen = _quick_trial(history, LAST_RESORT_FIT_SECONDS)
    seconds = min(LAST_RESORT_FACTOR * chosen.fit_seconds, time.deadline.seconds_left)
    until = Deadline.after(max(LAST_RESORT_SECONDS, seconds))
    return _alone(choice, chosen), [_fit(executor, [chosen], (), None, until, own).any(chosen)]


@dataclass(frozen=True, slots=True)
class _Made:
    """Fitted models by trial number, None if the deadline passed first.

    ``rounds`` holds the planned boosting rounds of each refit, None for other models. ``seeds``
    holds further refits, of other seeds.
    """

    rounds: dict[int, int | None]
    refits: dict[int, Candidate | None]
    bags: dict[int, list[Candidate | None]]
    seeds: dict[int, list[Candidate | None]]

    def whole(self, result: TrialResult) -> Member | None:
        """Return the member if its models are complete (at least 80 % of the planned rounds)."""
        number = result.trial.number
        bag = self.bags.get(number, [None])
        if None not in bag:
            return self.any(result)
        return self.any(result) if self._is_complete(number, self.refits.get(number)) else None

    def any(self, result: TrialResult) -> Member | None:
        """Return the member with whatever models were fitted; None if there are none."""
        number = result.trial.number
        bag = tuple(each for each in self.bags.get(number, ()) if each is not None)
        if bag:
            return Member(number=number, candidates=bag, of_folds=True)
        model = self.refits.get(number)
        if model is None:
            return None
        seeds = (each for each in self.seeds.get(number, ()) if self._is_complete(number, each))
        more = tuple(each for each in seeds if each is not None)
        return Member(number=number, candidates=(model, *more))

    def _is_complete(self, number: int, model: Candidate | None) -> bool:
        """Whether there is a model, with nearly all of its planned rounds."""
        wanted, done = self.rounds.get(number), getattr(model, "n_iterations_", None)
        enough = wanted is None or done is None or done >= COMPLETE_SHARE * wanted
        return model is not None and enough


def _fit(
    executor: Executor,
    refits: Sequence[TrialResult],
    bagged: Sequence[TrialResult],
    folds: FoldPlan | None,
    deadline: Deadline,
    own_jobs: Mapping[int, MemberJob] = MappingProxyType({}),
    several: Mapping[int, int] = MappingProxyType({}),
) -> _Made:
    """Refit the trials ``refits`` and fit the trials ``bagged`` to each fold, in parallel.

    ``several`` says of which refits there are more than one; these come last.
    """
    jobs = [own_jobs.get(result.trial.number) or member_job(result) for result in refits]
    bags = [] if folds is None else [fold_jobs(result, folds) for result in bagged]
    seeds = [seed_jobs(each, several.get(each.trial.number, 1))[1:] for each in refits]
    more = [job for some in (*bags, *seeds) for job in some]
    models = iter(executor.fit_members([*jobs, *more], deadline))
    return _Made(
        {job.trial_number: job.iterations for job in jobs},
        {job.trial_number: next(models) for job in jobs},
        {bag[0].trial_number: [next(models) for _ in bag] for bag in bags},
        {some[0].trial_number: [next(models) for _ in some] for some in seeds if some},
    )


def _is_refit(way: RefitMode | None, folds: FoldPlan | None) -> bool:
    return way is RefitMode.REFIT or (way is RefitMode.FOLDS and folds is None)


def _sure_trial(
    deadline: Deadline, begun: Sequence[TrialResult], history: History, time: RefitTime
) -> TrialResult | None:
    """Return a quick trial to refit first if all members may be late; None if one is safe."""
    left = deadline.seconds_left
    if time.kept or any(refit_seconds(each) <= RISKY_SHARE * left for each in begun):
        return None
    chosen = _quick_trial(history, SURE_SHARE * left)
    # A model that is not quick would only make the members late.
    return chosen if not begun or refit_seconds(chosen) <= SURE_SHARE * left else None


def _best_kept(history: History, time: RefitTime) -> TrialResult | None:
    """Return the best trial whose fold models are stored and within the limits."""
    there = [
        each
        for each in history.successes
        if each.trial.number in time.kept and time.limits.admits(each, n_served(each))
    ]
    return max(there, key=history.gain, default=None)


def _quick_trial(history: History, seconds: float) -> TrialResult:
    """Return the best trial that can be refitted within ``seconds``; the quickest if none can."""
    results = history.successes
    quickest = min(results, key=lambda result: (result.fit_seconds, result.trial.number))
    return max(
        (each for each in results if refit_seconds(each) <= seconds),
        key=lambda each: (history.gain(each), -each.trial.number),
        default=quickest,
    )


def _kept(fold_models: FoldModels | None, result: TrialResult) -> Member | None:
    models = () if fold_models is None else fold_models.load(result.trial)
    number = result.trial.number
    return Member(number=number, candidates=models, of_folds=True) if models else None


def _alone(choice: EnsembleChoice, result: TrialResult) -> EnsembleChoice:
    """Return the choice of a single trial, as a fallback if no member could be fitted."""
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

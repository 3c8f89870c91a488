"""Smaller forms of the best models, each with a score, a size and a latency of its own.

A booster gets fewer rounds, a forest fewer trees, a network matrices of lower rank, one on pictures
also numbers of eight bits, fewer channels, or both. Each is fitted and scored on the folds of all
trials, as they are, so that its score is as honest as theirs; only the seed and the configuration
are those of the larger model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialResult
from espalier.pipelines.trials.variant import Compression, Variant

ORIGIN = "compressed"
"""Origin of a trial whose model is a smaller form of another one."""

SHARES: Mapping[Compression, tuple[float, ...]] = {
    Compression.ROUNDS: (0.5, 0.25, 0.125),
    Compression.TREES: (0.5, 0.25, 0.125),
    Compression.LOW_RANK: (0.5, 0.25),
    Compression.PRUNED: (0.5,),
    Compression.PRUNED_EIGHT_BITS: (0.5,),
    Compression.EIGHT_BITS: (1.0,),
}
"""What is left of a model, by how it is made smaller."""

_METHODS: Mapping[str, tuple[Compression, ...]] = {
    "lightgbm": (Compression.ROUNDS,),
    "xgboost": (Compression.ROUNDS,),
    "catboost": (Compression.ROUNDS,),
    "random_forest": (Compression.TREES,),
    "extra_trees": (Compression.TREES,),
    "mlp": (Compression.LOW_RANK,),
    # The cheapest first: it needs no training.
    "convnet": (
        Compression.EIGHT_BITS,
        Compression.PRUNED,
        Compression.PRUNED_EIGHT_BITS,
        Compression.LOW_RANK,
    ),
}
# A network on pictures is made smaller as it is, fold by fold, where its folds' models are kept: of
# the seconds of its trial that takes so much.
_OF_KEPT: Mapping[Compression, float] = {
    Compression.EIGHT_BITS: 0.1,
    Compression.PRUNED: 0.3,
    Compression.PRUNED_EIGHT_BITS: 0.3,
    Compression.LOW_RANK: 0.4,
}

# Models that are made smaller: the best one and the best member of each further kind.
_MOST_PARENTS = 3
# Of the time that is left, this share may go into the smaller forms; the rest is for the refits.
TIME_SHARE = 0.5
# A trial of few rounds takes a little more than its share: the table is prepared in any case.
_OVERHEAD = 0.1

TIME_IS_UP = "the time for smaller models was up"


@dataclass(frozen=True, slots=True, kw_only=True)
class LightModels:
    """Smaller models that were made, and what is needed to use them.

    Attributes
    ----------
    results : tuple of TrialResult
        Their results; the trial of each says what was done.
    predictions : mapping of int to array
        Their out-of-fold predictions by trial number.
    jobs : mapping of int to MemberJob
        How distilled models are fitted to all rows, by trial number; the others follow from their
        results.
    """

    results: tuple[TrialResult, ...] = ()
    predictions: Mapping[int, Predictions] = field(default_factory=dict, repr=False)
    jobs: Mapping[int, MemberJob] = field(default_factory=dict, repr=False)

    @property
    def next_number(self) -> int:
        """One more than the largest trial number; 0 without any model."""
        return max((each.trial.number for each in self.results), default=-1) + 1

    def extend(
        self, outcomes: Sequence[TrialOutcome], jobs: Mapping[int, MemberJob] | None = None
    ) -> "LightModels":
        """Return the models with these added."""
        held = {
            each.result.trial.number: each.predictions
            for each in outcomes
            if each.predictions is not None and each.result.succeeded
        }
        ordered = sorted(outcomes, key=lambda each: each.result.trial.number)
        return LightModels(
            results=(*self.results, *(each.result for each in ordered)),
            predictions={**self.predictions, **held},
            jobs={**self.jobs, **(jobs or {})},
        )


NO_LIGHT_MODELS = LightModels()


def compress(
    executor: Executor,
    history: History,
    choice: EnsembleChoice,
    deadline: Deadline,
    *,
    first: int,
) -> LightModels:
    """Make and score smaller forms of the best models, within a share of the time left.

    Parameters
    ----------
    executor : Executor
        Runs the trials; nothing may be pending.
    history : History
        The trials of the search.
    choice : EnsembleChoice
        The chosen ensemble; its members are made smaller beside the best trial.
    deadline : Deadline
        When the run must be over.
    first : int
        Number of the first new trial; ``history`` may lack trials that are not within the limits.
    """
    end = deadline.part(TIME_SHARE)
    trials = plan_compressions(
        history,
        [number for number, _ in choice.members],
        seconds=end.seconds_left,
        n_workers=executor.n_workers,
        first=first,
    )
    for trial in trials:
        executor.submit(trial)
    outcomes: list[TrialOutcome] = []
    while executor.pending and not end.passed:
        outcomes += executor.wait(end)
    outcomes += executor.stop_pending(TIME_IS_UP)
    return NO_LIGHT_MODELS.extend(outcomes)


def plan_compressions(
    history: History,
    members: Sequence[int],
    *,
    seconds: float,
    n_workers: int,
    first: int | None = None,
) -> list[Trial]:
    """Return the trials of smaller models that are worth making and fit into the time.

    Parameters
    ----------
    history : History
        The trials of the search.
    members : sequence of int
        Numbers of the members of the ensemble.
    seconds : float
        Time for all of them, with ``n_workers`` at once.
    n_workers : int
        Trials that run at the same time.
    first : int or None
        Number of the first; None for the one after those of ``history``.
    """
    start = history.next_number if first is None else first
    trials: list[Trial] = []
    left = seconds * n_workers
    for parent in _parents(history, members):
        methods = _METHODS[parent.trial.configuration.family]
        for method, share in ((each, share) for each in methods for share in SHARES[each]):
            variant = _variant(parent, method, share)
            cost = parent.full_seconds
            if len(methods) > 1:
                cost *= _OF_KEPT[method]
            elif method is not Compression.LOW_RANK:
                cost *= share + _OVERHEAD
            if variant is None or cost > left:
                continue
            left -= cost
            trials.append(
                replace(
                    parent.trial,
                    number=start + len(trials),
                    origin=ORIGIN,
                    seconds_limit=None,
                    floors=(),
                    expected_gain=None,
                    choosing_seconds=None,
                    variant=variant,
                )
            )
    return trials


def _parents(history: History, members: Sequence[int]) -> list[TrialResult]:
    """Return the models to make smaller: the best trial and members, one of each kind."""
    chosen = set(members)
    found: dict[tuple[Compression, ...], TrialResult] = {}
    best = history.best
    for result in sorted(history.successes, key=history.gain, reverse=True):
        methods = _METHODS.get(result.trial.configuration.family)
        wanted = result is best or result.trial.number in chosen
        if methods is not None and wanted and len(found) < _MOST_PARENTS:
            found.setdefault(methods, result)
    return list(found.values())


def _variant(parent: TrialResult, method: Compression, share: float) -> Variant | None:
    """Return what to do to ``parent``; None if nothing would be left to leave out."""
    if method in _OF_KEPT:
        return Variant(of=parent.trial.number, method=method, share=share)
    if parent.rounds is None:
        return None
    fewer = max(1, round(share * parent.rounds))
    if fewer >= parent.rounds:
        return None
    return Variant(of=parent.trial.number, method=method, share=share, iterations=fewer)

"""Propose the next trials as a deterministic function of the history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.errors import UserError
from espalier.pipelines.search.limits.admission import Admission
from espalier.pipelines.search.limits.racing import race_floors
from espalier.pipelines.search.strategies.dispatch import (
    SourcedProposal,
    StrategyContext,
    propose_by,
    sources,
)
from espalier.pipelines.search.strategies.grid import grid_points
from espalier.pipelines.search.strategies.initial_design import initial_design
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY, STRATEGIES
from espalier.pipelines.seeds import generator, integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.preprocessing import effective
from espalier.pipelines.surrogate.prior_mean import Experience
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial

# One of this many trials is drawn at random, which protects against a wrong predictor.
_RANDOM_EVERY = 5
# Below this many successes a predictor knows nothing that the defaults do not say.
_SMALLEST_HISTORY = 4
_RANDOM_DRAWS = 64
_GRID_STEPS = 8  # points visited per proposal, as points of a grid may coincide
_NEIGHBOURS = 16

_Rule = Callable[[Sequence[Configuration]], NDArray[np.bool_]]


def propose_trials(
    space: SearchSpace,
    history: History,
    *,
    n: int,
    seed: int,
    pending: Sequence[Trial] = (),
    strategy: str = DEFAULT_STRATEGY,
    seconds_limit: float | None = None,
    expected_seconds_limit: float | None = None,
    memory_limit_mb: float | None = None,
    warm_start: Sequence[Configuration] = (),
    n_folds: int = 1,
    prior: Experience | None = None,
    racing: bool = False,
) -> list[Trial]:
    """Return the next trials; their numbers follow those of the history and the pending ones.

    First ``warm_start``, then the families' defaults (with a ``prior`` only those of the leading
    families; where time is short, those that can stop early first), then proposals of
    ``strategy``. With a time budget, one configuration of each family comes first until there is a
    model. No configuration is proposed twice, even if it failed, nor one that differs from an
    earlier one only in choices without effect.

    Parameters
    ----------
    space : SearchSpace
        The search space.
    history : History
        Trials that have ended.
    n : int
        Number of trials; fewer are returned when nothing that fits the limits is left.
    seed : int
        The run's seed.
    pending : sequence of Trial
        Trials that are running.
    strategy : str
        One of `strategies.names.STRATEGIES`.
    seconds_limit : float or None
        Given to each trial as its ``seconds_limit``.
    expected_seconds_limit : float or None
        Most seconds that a trial may be expected to take. None: time is ignored, so that a run
        bounded by trials alone is the same on every machine.
    memory_limit_mb : float or None
        Most MiB that a trial may be expected to take; None for no limit.
    warm_start : sequence of Configuration
        Configurations to try before the defaults.
    n_folds : int
        Folds of a trial, for its expected seconds.
    prior : Experience or None
        Predictions from earlier runs for this dataset; the Gaussian process corrects them.
    racing : bool
        Whether a trial ends when its first folds are clearly worse.

    Raises
    ------
    UserError
        The strategy is unknown.
    """
    if strategy not in STRATEGIES:
        raise UserError(f"unknown search {strategy!r}; choose one of: {', '.join(STRATEGIES)}")
    first = max([history.next_number, *(trial.number + 1 for trial in pending)])
    admission = Admission.of(space, history, expected_seconds_limit, n_folds, memory_limit_mb)
    proposer = _Proposer(
        space=space,
        history=history,
        rng=generator(seed, "propose", first),
        root=seed,
        seed=integer_seed(seed, "surrogate", first),
        admission=admission,
        prior=prior,
        taken={
            effective(each.configuration): each.configuration
            for each in (*(result.trial for result in history.ordered), *pending)
        },
    )
    defaults = initial_design(
        space, admission.costs, expected_seconds_limit, leaders_only=prior is not None
    )
    sure, others = (
        defaults.configurations[: defaults.n_sure],
        defaults.configurations[defaults.n_sure :],
    )
    picks: list[SourcedProposal] = []
    timed = expected_seconds_limit is not None
    # With a time budget and no model yet, another family is worth more than more of one: what
    # stops a trial stops similar ones.
    for other_family in (True, False) if timed and not history.successes else (False,):
        for origin, some, rule in (
            ("warm_start", warm_start, admission.admitted),
            ("default", sure, admission.conceivable),
            ("default", others, admission.admitted),
        ):
            new = proposer.take(some, n - len(picks), rule, other_family=other_family)
            picks += [SourcedProposal(each, origin) for each in new]
    if not picks and not history.successes and not pending:
        # Nothing fits, but there is no model yet either: the cheapest is worth a try.
        by_cost = np.argsort(admission.costs.log_seconds(others), kind="stable")
        cheapest = [others[place] for place in by_cost]
        picks = [
            SourcedProposal(each, "default")
            for each in proposer.take(cheapest, 1, admission.promising)
        ]
    numbers = range(first + len(picks), first + n)
    who = _sources(strategy, history, pending, numbers, timed)
    picks += proposer.propose(who, numbers, warm_start)
    if not picks and not history.successes and not pending:
        picks = [SourcedProposal(each, "random") for each in proposer.cheap_draw()]
    floors = race_floors(history, n_folds) if racing else ()
    return [
        Trial(
            number=first + place,
            configuration=pick.configuration,
            seed=integer_seed(seed, "trial", first + place),
            origin=pick.origin,
            seconds_limit=seconds_limit,
            floors=floors,
            expected_gain=pick.expected_gain,
        )
        for place, pick in enumerate(picks)
    ]


def _sources(
    strategy: str,
    history: History,
    pending: Sequence[Trial],
    numbers: range,
    timed: bool,
) -> list[str]:
    """Return the source that proposes each of the trials of these numbers."""
    if strategy in ("random", "grid"):
        return [strategy] * len(numbers)
    if len(history.successes) >= _SMALLEST_HISTORY:
        return sources(strategy, history, pending, numbers, random_every=_RANDOM_EVERY)
    # Where few trials fit into the time there may never be enough for a predictor.
    return [
        "neighbour" if timed and number % _RANDOM_EVERY != 0 else "random" for number in numbers
    ]


@dataclass(slots=True, kw_only=True)
class _Proposer:
    """State of a batch that is being proposed.

    ``taken`` holds the configurations proposed so far, in order (a set would not keep it: strings
    hash differently in every process), by the part of each that has an effect.
    """

    space: SearchSpace
    history: History
    rng: np.random.Generator
    root: int
    seed: int
    admission: Admission
    prior: Experience | None
    taken: dict[Configuration, Configuration]

    def take(
        self,
        configurations: Sequence[Configuration],
        n: int,
        rule: _Rule,
        *,
        other_family: bool = False,
    ) -> list[Configuration]:
        """Take up to ``n`` of these, in order, that are new and pass the rule.

        With ``other_family``, only of families of which none has been taken yet.
        """
        picked: list[Configuration] = []
        begun = {each.family for each in self.taken} if other_family else set()
        for configuration, passes in zip(configurations, rule(configurations), strict=True):
            acting = effective(configuration)
            new = acting not in self.taken and configuration.family not in begun
            if len(picked) < n and passes and new:
                picked.append(configuration)
                if other_family:
                    begun.add(configuration.family)
                self.taken[acting] = configuration
        return picked

    def draw(self, n: int) -> list[Configuration]:
        """Take ``n`` random configurations that are worthwhile."""
        picked: list[Configuration] = []
        for _ in range(4):
            if len(picked) < n:
                drawn = self.space.sample(_RANDOM_DRAWS, self.rng)
                picked += self.take(drawn, n - len(picked), self.admission.worthwhile)
        return picked

    def cheap_draw(self) -> list[Configuration]:
        """Take the cheapest of some random configurations, whatever its expected cost.

        For a search without a model in which nothing is expected to fit: there is nothing to lose.
        """
        drawn = self.space.sample(_RANDOM_DRAWS, self.rng)
        by_cost = np.argsort(self.admission.costs.log_seconds(drawn), kind="stable")
        return self.take([drawn[place] for place in by_cost], 1, self.admission.promising)

    def near_best(self, n: int) -> list[Configuration]:
        """Take up to ``n`` neighbours of the best configuration so far."""
        best = self.history.best
        if n == 0 or best is None or best.trial.configuration.family not in self.space.families:
            return []
        around = self.space.neighbours(best.trial.configuration, _NEIGHBOURS, self.rng)
        return self.take(around, n, self.admission.worthwhile)

    def propose(
        self, who: Sequence[str], numbers: range, favourites: Sequence[Configuration]
    ) -> list[SourcedProposal]:
        """Return one proposal of each of these sources, in order; random ones fill gaps."""
        found: dict[str, list[SourcedProposal]] = {}
        for source in dict.fromkeys(each for each in who if each != "random"):
            found[source] = self._of(source, who.count(source), numbers, favourites)
        short = len(who) - sum(len(each) for each in found.values())
        spare = [SourcedProposal(each, "random") for each in self.draw(short)]
        picks = []
        for source in who:
            queue = found.get(source) or spare or next(filter(None, found.values()), [])
            if queue:
                picks.append(queue.pop(0))
        return picks

    def _of(
        self, source: str, n: int, numbers: range, favourites: Sequence[Configuration]
    ) -> list[SourcedProposal]:
        """Take up to ``n`` configurations of one source."""
        if source == "neighbour":
            return [SourcedProposal(each, source) for each in self.near_best(n)]
        if source == "grid":
            walk = grid_points(self.space, numbers.start, _GRID_STEPS * n, self.root)
            taken = self.take(walk, n, self.admission.worthwhile)
            return [SourcedProposal(each, source) for each in taken]
        tried = self.history.configurations
        situation = StrategyContext(
            space=self.space,
            history=_within(self.history, self.space),
            pending=tuple(
                each
                for each in self.taken.values()
                if each not in tried and each.family in self.space.families
            ),
            admission=self.admission,
            favourites=tuple(each for each in favourites if each.family in self.space.families),
            seed=self.seed,
            rng=self.rng,
            prior=self.prior,
        )
        proposed = {each.configuration: each for each in propose_by(source, situation, n)}
        taken = self.take(list(proposed), n, self.admission.worthwhile)
        return [proposed[each] for each in taken]


def _within(history: History, space: SearchSpace) -> History:
    """Return the history restricted to families in the space."""
    known = tuple(
        result for result in history.results if result.trial.configuration.family in space.families
    )
    return History(history.metric, known)

"""Propose the next trials as a deterministic function of the history."""

import time
from collections.abc import Sequence

import numpy as np

from espalier.pipelines.search.limits.admission import Admission
from espalier.pipelines.search.limits.aims import THE_SCORE, Aims
from espalier.pipelines.search.limits.passes import with_passes_that_fit
from espalier.pipelines.search.limits.racing import race_floors
from espalier.pipelines.search.limits.thinning import thinned
from espalier.pipelines.search.proposer import NEAR_LEADERS, Proposer, Rule
from espalier.pipelines.search.strategies.dispatch import sources
from espalier.pipelines.search.strategies.initial_design import initial_design
from espalier.pipelines.search.strategies.names import (
    DEFAULT_STRATEGY,
    DIFFERENTIABLE,
    check_strategy,
)
from espalier.pipelines.search.strategies.situation import SourcedProposal
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
    proposed: Sequence[Configuration] = (),
    n_folds: int = 1,
    prior: Experience | None = None,
    racing: bool = False,
    with_predictor: bool = True,
    aims: Aims = THE_SCORE,
    only: Sequence[Configuration] = (),
) -> list[Trial]:
    """Return the next trials; their numbers follow those of the history and the pending ones.

    First ``warm_start``, then the families' defaults (with a ``prior`` only those of the leading
    families; where time is short, those that can stop early first) and the leaders' starters, then
    proposals of ``strategy``. With a time budget, one configuration of each family comes first
    until there is a model. No configuration is proposed twice, even if it failed, nor one that
    differs from an earlier one only in choices without effect.

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
    proposed : sequence of Configuration
        Networks that supernets propose, tried before all others. They stop in time, so those that
        seem too slow are tried too.
    n_folds : int
        Folds of a trial, for its expected seconds.
    prior : Experience or None
        Predictions from earlier runs for this dataset; the Gaussian process corrects them.
    racing : bool
        Whether a trial ends when its first folds are clearly worse.
    with_predictor : bool
        Whether strategies may be asked; otherwise most proposals are neighbours of the best trials,
        which cost nothing.
    aims : Aims
        Costs that are to be small beside the score, and their limits.
    only : sequence of Configuration
        If given, nothing else is proposed: longer trained forms of the leaders
        (`slower_leaders`).

    Raises
    ------
    UserError
        The strategy is unknown.
    """
    began = time.perf_counter()
    check_strategy(strategy)
    first = max([history.next_number, *(trial.number + 1 for trial in pending)])
    learned = thinned(history)
    admission = Admission.of(
        space, history, expected_seconds_limit, n_folds, memory_limit_mb, learned=learned, aims=aims
    )
    proposer = Proposer(
        space=space,
        history=history,
        learned=learned,
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
    sure, others, favourites, networks = (
        with_passes_that_fit(
            space, some, admission.costs, expected_seconds_limit, proposer.taken.values()
        )
        for some in (
            defaults.configurations[: defaults.n_sure],
            defaults.configurations[defaults.n_sure :],
            warm_start,
            proposed,
        )
    )
    picks: list[SourcedProposal] = []
    timed = expected_seconds_limit is not None
    offered: list[tuple[str, Sequence[Configuration], Rule]] = [
        (DIFFERENTIABLE, networks, admission.conceivable),
        ("warm_start", favourites, admission.admitted),
        ("default", sure, admission.conceivable),
        ("default", others, admission.admitted),
        ("starter", defaults.starters, admission.admitted),
    ]
    if only:
        offered = [("slower", only, admission.admitted)]
    # With a time budget and no model yet, another family is worth more than more of one: what
    # stops a trial stops similar ones.
    for other_family in (True, False) if timed and not history.successes else (False,):
        for origin, some, rule in offered:
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
    numbers = range(first + len(picks), first + (len(picks) if only else n))
    who = _sources(strategy, space, history, pending, numbers, timed, with_predictor)
    picks += proposer.propose(who, numbers, warm_start)
    if not picks and not history.successes and not pending:
        picks = [SourcedProposal(each, "random") for each in proposer.cheap_draw()]
    floors = race_floors(history, n_folds) if racing else ()
    took = time.perf_counter() - began
    return [
        Trial(
            number=first + place,
            configuration=pick.configuration,
            seed=integer_seed(seed, "trial", first + place),
            origin=pick.origin,
            seconds_limit=seconds_limit,
            floors=floors,
            expected_gain=pick.expected_gain,
            choosing_seconds=round(took / len(picks), 6) if timed else None,
        )
        for place, pick in enumerate(picks)
    ]


def _sources(
    strategy: str,
    space: SearchSpace,
    history: History,
    pending: Sequence[Trial],
    numbers: range,
    timed: bool,
    with_predictor: bool,
) -> list[str]:
    """Return the source that proposes each of the trials of these numbers."""
    if strategy in ("random", "grid"):
        return [strategy] * len(numbers)
    if not with_predictor:
        return ["random" if number % _RANDOM_EVERY == 0 else NEAR_LEADERS for number in numbers]
    if len(history.successes) >= _SMALLEST_HISTORY:
        return sources(strategy, space, history, pending, numbers, random_every=_RANDOM_EVERY)
    # Where few trials fit into the time there may never be enough for a predictor.
    return [
        "neighbour" if timed and number % _RANDOM_EVERY != 0 else "random" for number in numbers
    ]

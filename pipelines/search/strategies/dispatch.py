"""The search strategies that learn from earlier trials, such as guided, forest and tpe."""

import math
from collections.abc import Callable, Mapping, Sequence

from espalier.pipelines.acquisition.batch import choose_batch
from espalier.pipelines.search.strategies.ageing import evolve
from espalier.pipelines.search.strategies.guided import complete_folds, guided_proposals
from espalier.pipelines.search.strategies.local import search_around
from espalier.pipelines.search.strategies.mutations import guided_mutations
from espalier.pipelines.search.strategies.names import (
    ASCENT,
    CANDIDATES,
    DIFFERENTIABLE,
    MUTATION,
)
from espalier.pipelines.search.strategies.optuna_samplers import SAMPLERS
from espalier.pipelines.search.strategies.policy_proposals import follow_policy
from espalier.pipelines.search.strategies.shares import share_out
from espalier.pipelines.search.strategies.situation import SourcedProposal, StrategyContext
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.additive import is_all_choices
from espalier.pipelines.surrogate.fold_noise import fold_noise
from espalier.pipelines.surrogate.forest import ForestPredictor
from espalier.pipelines.surrogate.targets import observe
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial

# Trials among which no family may have more than half.
_RECENT = 8

Propose = Callable[[StrategyContext, int], list[Configuration]]

_BY_TRIALS: Mapping[str, Propose] = {
    "evolution": evolve,
    "local": search_around,
    "policy": lambda situation, n: follow_policy(situation, n, with_critic=False),
    "policy+critic": lambda situation, n: follow_policy(situation, n, with_critic=True),
}
"""Strategies that need to know the situation alone."""

# The genetic algorithm was called evolution once; guided searches keep the children they had.
_SEED_OF = {"nsga2": "evolution"}


def sources(
    strategy: str,
    space: SearchSpace,
    history: History,
    pending: Sequence[Trial],
    numbers: Sequence[int],
    *,
    random_every: int,
) -> list[str]:
    """Return the source of each of the trials of these numbers, which may be ``random``."""
    guided = strategy in ("guided", DIFFERENTIABLE)
    if guided and is_all_choices(space):
        return [MUTATION] * len(numbers)
    if guided:
        return share_out(history, [trial.origin for trial in pending], len(numbers))
    if strategy != "forest":
        return [strategy] * len(numbers)
    return ["random" if number % random_every == 0 else "forest" for number in numbers]


def propose_by(source: str, situation: StrategyContext, n: int) -> list[SourcedProposal]:
    """Return up to ``n`` configurations of one source, each with its origin."""
    if n == 0:
        return []
    if source in ("gp", "neural"):
        return _by_ascent(situation, n, neural=source == "neural")
    if source == "forest":
        return _by_forest(situation, n)
    if source == MUTATION:
        return _by_mutation(situation, n)
    if source in _BY_TRIALS:
        return [SourcedProposal(each, source) for each in _BY_TRIALS[source](situation, n)]
    picked = SAMPLERS[source](
        situation.space,
        situation.history,
        n=n,
        seed=integer_seed(situation.seed, _SEED_OF.get(source, source)),
        pending=situation.pending,
        aims=situation.admission.aims,
    )
    return [SourcedProposal(each, source) for each in picked]


def _by_ascent(situation: StrategyContext, n: int, *, neural: bool) -> list[SourcedProposal]:
    admission = situation.admission
    limit = admission.limit
    picks = guided_proposals(
        situation.space,
        situation.history,
        n=n,
        rng=situation.rng,
        pending=situation.pending,
        favourites=situation.favourites,
        seconds_limit=limit,
        cost_weight=0.0 if limit is None else limit / (limit + admission.spent),
        families=open_families(situation),
        admissible=lambda each: (
            each not in situation.tried and bool(admission.worthwhile([each])[0])
        ),
        max_per_family=max((n + 1) // 2, 1),
        neural_seed=situation.seed if neural else None,
        prior=situation.prior,
        prior_seed=situation.seed,
    )
    error = math.sqrt(fold_noise(complete_folds(situation.history)))
    return [
        SourcedProposal(
            pick.configuration,
            ASCENT if pick.by_ascent else CANDIDATES,
            round(pick.improvement / error, 6) if pick.is_free else None,
        )
        for pick in picks
    ]


def _by_mutation(situation: StrategyContext, n: int) -> list[SourcedProposal]:
    several = len(situation.space.families) > 1
    picks = guided_mutations(
        situation,
        n,
        families=open_families(situation),
        max_per_family=max((n + 1) // 2, 1) if several else n,
    )
    return [SourcedProposal(each.configuration, MUTATION) for each in picks]


def open_families(situation: StrategyContext) -> list[str]:
    """Return the families that had less than half of the last trials; all if there are none.

    A batch has at most half of its trials from one family; this is the same rule for a search that
    proposes one trial at a time. An ensemble needs members that differ, and the best of twenty
    similar ones are the luckiest on the rows that score them.
    """
    done = [each.trial.configuration.family for each in situation.history.ordered]
    last = [*done, *(each.family for each in situation.pending)][-_RECENT:]
    families = list(situation.space.families)
    return [each for each in families if 2 * last.count(each) < _RECENT] or families


def _by_forest(situation: StrategyContext, n: int) -> list[SourcedProposal]:
    picked = choose_batch(
        situation.space,
        observe(situation.history),
        lambda pick: ForestPredictor(seed=situation.seed + pick),
        n=n,
        rng=situation.rng,
        pending=situation.pending,
        penalty=situation.admission.penalty,
        max_per_family=max((n + 1) // 2, 1),
    )
    return [SourcedProposal(each, "surrogate") for each in picked]

"""The search strategies that learn from earlier trials, such as guided, forest and tpe."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from espalier.pipelines.acquisition.batch import choose_batch
from espalier.pipelines.search.limits.admission import Admission
from espalier.pipelines.search.strategies.guided import complete_folds, guided_proposals
from espalier.pipelines.search.strategies.names import ASCENT, CANDIDATES
from espalier.pipelines.search.strategies.optuna_samplers import SAMPLERS
from espalier.pipelines.search.strategies.shares import share_out
from espalier.pipelines.seeds import integer_seed
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.fold_noise import fold_noise
from espalier.pipelines.surrogate.forest import ForestPredictor
from espalier.pipelines.surrogate.prior_mean import Experience
from espalier.pipelines.surrogate.targets import observe
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial

# Trials among which no family may have more than half.
_RECENT = 8


class SourcedProposal(NamedTuple):
    """A configuration, the source that proposed it, and its expected gain in standard errors.

    The gain is None if no predictor was asked, or if it would have chosen a barred family.
    """

    configuration: Configuration
    origin: str
    expected_gain: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyContext:
    """What a strategy knows when it proposes configurations.

    Attributes
    ----------
    space : SearchSpace
        The search space.
    history : History
        Trials of families in the space, to learn from.
    tried : frozenset of Configuration
        All that must not be proposed again, learned from or not.
    pending : tuple of Configuration
        Configurations that are running or already proposed for this batch.
    admission : Admission
        The rule for which configurations may be started.
    favourites : tuple of Configuration
        Configurations that experience suggests.
    seed : int
        Seed of this batch.
    rng : Generator
        Random numbers of this batch.
    prior : Experience or None
        Predictions from earlier runs for this dataset.
    """

    space: SearchSpace
    history: History
    tried: frozenset[Configuration]
    pending: tuple[Configuration, ...]
    admission: Admission
    favourites: tuple[Configuration, ...]
    seed: int
    rng: np.random.Generator
    prior: Experience | None = None


def sources(
    strategy: str,
    history: History,
    pending: Sequence[Trial],
    numbers: Sequence[int],
    *,
    random_every: int,
) -> list[str]:
    """Return the source of each of the trials of these numbers, which may be ``random``."""
    if strategy == "guided":
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
    picked = SAMPLERS[source](
        situation.space,
        situation.history,
        n=n,
        seed=integer_seed(situation.seed, source),
        pending=situation.pending,
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

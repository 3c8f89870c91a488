"""Choose a batch of configurations one by one, assuming a gain for those chosen before.

The constant liar of Ginsbourger, Le Riche and Carraro, "Kriging is well-suited to parallelize
optimization" (2010): configurations that are chosen or still running enter with the median gain, so
that the next choice differs from them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.acquisition.functions import log_expected_improvement
from espalier.pipelines.acquisition.maximize import maximize
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.base import PerformancePredictor
from espalier.pipelines.surrogate.targets import Observations
from espalier.pipelines.trials.configuration import Configuration

_RANDOM_CANDIDATES = 256
_INCUMBENTS = 5
_NEIGHBOURS = 12
# Two configurations closer than this in every coordinate are the same experiment: numbers within
# a twentieth of their range, choices equal.
NEAR = 0.05


def choose_batch(
    space: SearchSpace,
    observations: Observations,
    new_predictor: Callable[[int], PerformancePredictor],
    *,
    n: int,
    rng: np.random.Generator,
    pending: Sequence[Configuration] = (),
    penalty: Callable[[Sequence[Configuration]], NDArray[Any]] | None = None,
    max_per_family: int | None = None,
) -> list[Configuration]:
    """Return up to ``n`` different configurations, none (nearly) observed or pending.

    Parameters
    ----------
    space : SearchSpace
        The search space.
    observations : Observations
        Results of at least two trials.
    new_predictor : callable (pick) -> PerformancePredictor
        An unfitted predictor for each choice, 0 to n-1.
    n : int
        How many to choose.
    rng : Generator
        Draws candidates and neighbours.
    pending : sequence of Configuration
        Configurations of running trials.
    penalty : callable (configurations) -> array of shape (n,), optional
        Subtracted from the log expected improvement; infinite for what must not be chosen.
    max_per_family : int or None
        Most configurations of one family in a batch: diverse models make better ensembles.
    """
    known = set(observations.configurations) | set(pending)
    candidates = _candidates(space, observations, known, rng)
    liar = float(np.median(observations.gains))
    best = float(observations.gains.max())
    X = space.encode([*observations.configurations, *pending])
    gains = np.concatenate([observations.gains, np.full(len(pending), liar)])
    chosen: list[Configuration] = []
    for pick in range(n if candidates else 0):
        predictor = new_predictor(pick).fit(X, gains)

        def acquire(
            configurations: Sequence[Configuration],
            predictor: PerformancePredictor = predictor,
        ) -> NDArray[Any]:
            mean, std = predictor.predict(space.encode(configurations))
            values = log_expected_improvement(mean, std, best)
            return values if penalty is None else values - penalty(configurations)

        count = Counter(each.family for each in chosen)
        full = {family for family in count if count[family] == max_per_family}
        ranked = maximize(acquire, space, candidates, rng)
        admissible = [
            each
            for each, value in zip(ranked.configurations, ranked.values, strict=True)
            if np.isfinite(value) and each not in known and each.family not in full
        ]
        picked = _first_apart(space, admissible, X)
        if picked is None:
            break
        chosen.append(picked)
        known.add(picked)
        X = np.vstack([X, space.encode([picked])])
        gains = np.append(gains, liar)
    return chosen


def _candidates(
    space: SearchSpace,
    observations: Observations,
    known: set[Configuration],
    rng: np.random.Generator,
) -> list[Configuration]:
    """Return random configurations and neighbours of the best ones, without known ones."""
    order = np.argsort(-observations.gains, kind="stable")[:_INCUMBENTS]
    drawn = space.sample(_RANDOM_CANDIDATES, rng)
    for place in order:
        incumbent = observations.configurations[place]
        if incumbent.family in space.families:
            drawn += space.neighbours(incumbent, _NEIGHBOURS, rng)
    return [each for each in dict.fromkeys(drawn) if each not in known]


def _first_apart(
    space: SearchSpace, ranked: Sequence[Configuration], X: NDArray[Any]
) -> Configuration | None:
    """Return the first of ``ranked`` that is no near-duplicate of a row of ``X``."""
    for start in range(0, len(ranked), 32):
        block = ranked[start : start + 32]
        distance = np.abs(space.encode(block)[:, None, :] - X[None, :, :]).max(axis=2)
        apart = np.flatnonzero((distance > NEAR).all(axis=1))
        if len(apart):
            return block[int(apart[0])]
    return ranked[0] if ranked else None

"""Local search: try what differs from the best configuration in one hyperparameter.

White, Nolen and Savani, *Local search is state of the art for NAS benchmarks* (UAI 2021): the first
neighbour that is better becomes the new centre. Once the neighbours of a centre are used up, those
of the next best trial follow, so that the search goes on for as long as it is asked to.
"""

import numpy as np

from espalier.pipelines.search.strategies.situation import StrategyContext
from espalier.pipelines.surrogate.targets import observe
from espalier.pipelines.trials.configuration import Configuration

START = 10
"""Trials before the first centre is chosen."""
_CENTRES = 50
_DRAWS = 24
# Numbers have neighbours without end: after this many tries a hyperparameter, a centre is used up.
_PATIENCE = 4


def search_around(situation: StrategyContext, n: int) -> list[Configuration]:
    """Return up to ``n`` neighbours of the best trials; none before there are a few trials."""
    observed = observe(situation.history)
    if len(observed.configurations) < START:
        return []
    found: dict[Configuration, None] = {}
    known = [*observed.configurations, *situation.pending]
    for place in np.argsort(-observed.gains, kind="stable")[:_CENTRES]:
        centre = observed.configurations[place]
        tries = sum(_are_neighbours(centre, each) for each in known)
        left = _PATIENCE * len(centre) - tries
        if left <= 0:
            continue
        around = situation.space.neighbours(centre, _DRAWS, situation.rng)
        fresh = [each for each in around if each not in found and situation.is_open(each)]
        found |= dict.fromkeys(fresh[: min(n - len(found), left)])
        if len(found) == n:
            break
    return list(found)


def _are_neighbours(left: Configuration, right: Configuration) -> bool:
    """Whether two configurations of one family differ in the value of one hyperparameter.

    What else differs must be active in one of them only, as an effect of that value.
    """
    if left.family != right.family:
        return False
    return sum(name in right and right[name] != value for name, value in left.items()) == 1

"""Greedy cover: choose configurations that together leave the least regret on a set of datasets.

Symbols: c is the number of candidates, k of datasets.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# The cost of a trial is sqrt(max(seconds, a share of the median)), so that a nearly free trial is
# not chosen for its price alone.
_LEAST_COST = 0.25


def greedy_cover(regrets: Array, costs: Array, weights: Array, *, n: int) -> tuple[int, ...]:
    """Return positions of up to ``n`` configurations, chosen by gain per expected cost.

    Parameters
    ----------
    regrets : array, shape (c, k)
        Regret of each configuration on each dataset, in [0, 1].
    costs : array, shape (c,)
        Seconds of each configuration, in units of a median trial.
    weights : array, shape (k,)
        Weight of each dataset.
    n : int
        Largest number; fewer are returned when none reduces the regret any more.
    """
    chosen: list[int] = []
    left = np.ones(regrets.shape[1])
    price = np.sqrt(np.maximum(costs, _LEAST_COST))
    while len(chosen) < min(n, len(regrets)):
        gains = (np.maximum(left - regrets, 0.0) @ weights) / price
        gains[chosen] = -np.inf
        best = int(np.argmax(gains))
        if gains[best] <= 1e-9:
            break
        chosen.append(best)
        left = np.minimum(left, regrets[best])
    return tuple(chosen)


def cover_in_rounds(regrets: Array, costs: Array, weights: Array, *, n: int) -> tuple[int, ...]:
    """Return the positions of `greedy_cover`, repeated without those chosen until there are ``n``.

    A first round that leaves no regret on the known datasets may still leave some on a new one; a
    further round among the remaining configurations is the next best guess. The arguments are
    those of `greedy_cover`.
    """
    chosen: list[int] = []
    while len(chosen) < n:
        rest = [place for place in range(len(regrets)) if place not in set(chosen)]
        more = greedy_cover(regrets[rest], costs[rest], weights, n=n - len(chosen))
        if not more:
            break
        chosen += [rest[place] for place in more]
    return tuple(chosen)

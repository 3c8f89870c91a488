"""Greedy cover: the configurations that together leave the least regret on some datasets.

Symbols: c candidates; k datasets.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Seconds count by their root and from a part of the usual on, so that what is nearly free does not
# win by that alone.
_LEAST_COST = 0.25


def greedy_cover(regrets: Array, costs: Array, weights: Array, *, n: int) -> tuple[int, ...]:
    """Return up to ``n`` places in the order of their gain per expected second.

    Parameters
    ----------
    regrets : array, shape (c, k)
        Of each configuration on each dataset, in [0, 1].
    costs : array, shape (c,)
        Relative seconds.
    weights : array, shape (k,)
        How much each dataset counts.
    n : int
        How many at most; fewer when nothing more is gained.
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
    """Return `greedy_cover`'s places, and when nothing more is gained those of a further round.

    On a new dataset the first round will leave something to gain after all; a second one, without
    what is chosen, is the next best guess. Arguments are those of `greedy_cover`.
    """
    chosen: list[int] = []
    while len(chosen) < n:
        rest = [place for place in range(len(regrets)) if place not in set(chosen)]
        more = greedy_cover(regrets[rest], costs[rest], weights, n=n - len(chosen))
        if not more:
            break
        chosen += [rest[place] for place in more]
    return tuple(chosen)

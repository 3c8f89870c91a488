"""Maximise an acquisition over configurations: many candidates, then local search from the best."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

Acquire = Callable[[Sequence[Configuration]], NDArray[Any]]

_STARTS = 4
_NEIGHBOURS = 8
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class RankedConfigurations:
    """Configurations with their acquisition values, best first.

    Attributes
    ----------
    configurations : tuple of Configuration
        All different.
    values : array, shape (n,)
        Descending.
    """

    configurations: tuple[Configuration, ...]
    values: NDArray[Any]


def maximize(
    acquire: Acquire,
    space: SearchSpace,
    candidates: Sequence[Configuration],
    rng: np.random.Generator,
) -> RankedConfigurations:
    """Maximise an acquisition by local search; return all evaluated configurations, best first.

    Parameters
    ----------
    acquire : callable (configurations) -> array of shape (n,)
        Larger is better; -inf for what must not be chosen.
    space : SearchSpace
        Where neighbours come from.
    candidates : sequence of Configuration
        What to start from, at least one.
    rng : Generator
        Chooses the neighbours.
    """
    found = dict(zip(candidates, acquire(candidates), strict=True))
    # Several climbs side by side, so that a round costs one call of the predictor.
    climbs = sorted(found, key=found.__getitem__, reverse=True)[:_STARTS]
    for _ in range(_ROUNDS):
        around = [
            [each for each in space.neighbours(top, _NEIGHBOURS, rng) if each not in found]
            for top in climbs
        ]
        fresh = list(dict.fromkeys(each for group in around for each in group))
        if not fresh:
            break
        found.update(zip(fresh, acquire(fresh), strict=True))
        higher = [
            max([top, *group], key=found.__getitem__)
            for top, group in zip(climbs, around, strict=True)
        ]
        moved = [new for new, old in zip(higher, climbs, strict=True) if found[new] > found[old]]
        if not moved:
            break
        climbs = list(dict.fromkeys(moved))
    order = sorted(found, key=found.__getitem__, reverse=True)
    return RankedConfigurations(tuple(order), np.array([found[each] for each in order]))

"""Points to start from and to compare with: random ones, neighbours of the best, the spread."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.acquisition.ascent import AscentResult
from espalier.pipelines.acquisition.objective import Objective
from espalier.pipelines.acquisition.relaxation import FamilySubspace
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

Array = NDArray[np.float64]

_PER_FAMILY = 4
_NOISE = 0.1


class Crowd:
    """Random candidates; conditioning only lowers an acquisition, so old values bound new ones."""

    def __init__(self, points: Array, objective: Objective) -> None:
        values = objective.value(points)
        order = np.argsort(-values, kind="stable")
        self._points, self._bounds = points[order], values[order]

    def __len__(self) -> int:
        return len(self._points)

    def bar(self, families: Sequence[int]) -> None:
        """Remove the candidates of these families."""
        kept = ~of_families(self._points, families)
        self._points, self._bounds = self._points[kept], self._bounds[kept]

    def best(self, objective: Objective, n: int = 50) -> AscentResult:
        """Return the best candidates by an objective conditioned on further points."""
        stop = min(n, len(self._points))
        while True:
            values = objective.value(self._points[:stop])
            top = np.sort(values)[-min(5, stop) :]
            if stop == len(self._points) or top[0] >= self._bounds[stop]:
                return AscentResult.of(self._points[:stop], values)
            stop = min(4 * stop, len(self._points))


def of_families(points: Array, families: Sequence[int]) -> NDArray[np.bool_]:
    """Return which points, shape (n, d), are of these families."""
    return np.asarray((points[:, list(families)] > 0).any(axis=1))


def draw(branches: Sequence[FamilySubspace], n: int, rng: np.random.Generator) -> Array:
    """Return ``n`` random points, families equally likely."""
    share = rng.multinomial(n, np.full(len(branches), 1.0 / len(branches)))
    return np.vstack(
        [branch.sample(int(k), rng) for branch, k in zip(branches, share, strict=True)]
    )


def near(
    space: SearchSpace,
    branches: Sequence[FamilySubspace],
    incumbents: Sequence[Configuration],
    rng: np.random.Generator,
) -> Array:
    """Return incumbents and copies with noise on numeric coordinates, shape (n, d)."""
    names = {branch.family: branch for branch in branches}
    kept = [each for each in incumbents if each.family in names]
    if not kept:
        return np.empty((0, len(space.coordinates)))
    parts = []
    for encoded, each in zip(space.encode(kept), kept, strict=True):
        branch = names[each.family]
        u, c = branch.disassemble(np.repeat(encoded[None, :], 3, axis=0))
        u[1:] += rng.normal(0.0, _NOISE, u[1:].shape)
        parts.append(branch.assemble(branch.rounded(np.clip(u, 0.0, 1.0)), c))
    return np.vstack(parts)


def spread(found: AscentResult, n_families: int, n: int) -> Array:
    """Return the best ``n`` points, not more than a few of one family."""
    family = found.points[:, :n_families].argmax(axis=1)
    count = np.zeros(n_families, dtype=int)
    kept = []
    for place, name in enumerate(family):
        if count[name] < _PER_FAMILY:
            count[name] += 1
            kept.append(place)
        if len(kept) == n:
            break
    return found.points[kept]

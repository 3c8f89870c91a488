"""Maximise an acquisition on a space of choices by minimal mutations of the best configurations.

Schneider and others, *Mutation is all you need* (2021, arXiv:2107.07343): where every
hyperparameter is a choice, what finds good architectures is to try what differs from the best ones
in a single choice. The gradient adds what several changes at once would bring: at a configuration,
the steepest option of each choice, and the one, two and three steepest choices moved together.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.acquisition.crowd import draw
from espalier.pipelines.acquisition.functions import expected_improvement
from espalier.pipelines.acquisition.guide import BelievingPredictor, Proposal
from espalier.pipelines.acquisition.objective import DifferentiablePredictor
from espalier.pipelines.acquisition.relaxation import FamilySubspace
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

Array = NDArray[np.float64]

_RANDOM = 96
_JUMPS = 3  # choices that a step along the gradient changes at most
_CLIMBS = 4  # moves of the climb from the best candidate


class Climbable(Protocol):
    """An acquisition with a gradient, such as `Objective` or `FrontObjective`."""

    @property
    def best(self) -> float:
        """The gain to improve on."""
        ...

    def value(self, X: Array) -> Array:
        """Return the values of encoded points (m, d), shape (m,)."""
        ...

    def value_and_gradient(self, X: Array) -> tuple[Array, Array]:
        """Return the values, shape (m,), and their gradients in X, shape (m, d)."""
        ...

    def with_predictor(self, predictor: DifferentiablePredictor) -> "Climbable":
        """Return the same acquisition with another predictor."""
        ...


def propose_by_mutation(
    space: SearchSpace,
    objective: Climbable,
    predictor: BelievingPredictor,
    *,
    tried: Sequence[Configuration],
    incumbents: Sequence[Configuration],
    pending: Sequence[Configuration] = (),
    families: Sequence[str] | None = None,
    n: int,
    rng: np.random.Generator,
    admissible: Callable[[Configuration], bool] | None = None,
    max_per_family: int | None = None,
) -> list[Proposal]:
    """Return up to ``n`` proposals, none equal to a tried or pending configuration.

    Parameters
    ----------
    space : SearchSpace
        A space of choices alone.
    objective : Climbable
        The acquisition, on ``predictor``.
    predictor : BelievingPredictor
        Predicts the gain; it is conditioned on pending and proposed configurations one by one.
    tried : sequence of Configuration
        Configurations that have a result.
    incumbents : sequence of Configuration
        The best configurations so far, and suggested ones, to mutate.
    pending : sequence of Configuration
        Configurations of running trials.
    families : sequence of str or None
        The only families to choose from; None for all.
    n : int
        Number of proposals.
    rng : Generator
        Draws random candidates.
    admissible : callable (configuration) -> bool, optional
        Whether a configuration may be proposed.
    max_per_family : int or None
        Most configurations of one family in the batch.
    """
    branches = {name: FamilySubspace(space, name) for name in space.families}
    allowed = [each for name, each in branches.items() if families is None or name in families]
    if pending:
        predictor = predictor.believe(space.encode(pending))
        objective = objective.with_predictor(predictor)
    known = {each.tobytes() for each in space.encode([*tried, *pending])}
    drawn = draw(allowed, _RANDOM, rng)
    starts = space.encode(
        [each for each in dict.fromkeys(incumbents) if branches[each.family] in allowed]
    )
    picks: list[Proposal] = []
    for _ in range(n):
        found = _Found(objective, known)
        found.look(drawn)
        by_chance = found.top_value
        found.look(starts)  # favourites may be new
        found.look(_around(branches, starts))
        found.look(_along(branches, starts, objective))
        for _ in range(_CLIMBS):
            if not found.look(_around(branches, found.top)):
                break
        pick = _first(space, found, admissible)
        if pick is None:
            break
        configuration, value = pick
        mean, std = predictor.predict(space.encode([configuration]))
        improvement = float(expected_improvement(mean, std, objective.best)[0])
        picks.append(Proposal(configuration, value > by_chance, value, by_chance, improvement))
        encoded = space.encode([configuration])
        known.add(encoded[0].tobytes())
        predictor = predictor.believe(encoded)
        objective = objective.with_predictor(predictor)
        count = Counter(each.configuration.family for each in picks)
        full = {name for name in count if count[name] == max_per_family}
        allowed = [each for each in allowed if each.family not in full]
        if not allowed:
            break
        if full:
            starts = starts[[_family_of(space, row) not in full for row in starts]]
            drawn = draw(allowed, _RANDOM, rng)
    return picks


def _family_of(space: SearchSpace, row: Array) -> str:
    """Return the family of an encoded point, shape (d,)."""
    return space.families[int(row[: len(space.families)].argmax())]


class _Found:
    """Candidates with their acquisition values; those already known are not among them."""

    def __init__(self, objective: Climbable, known: set[bytes]) -> None:
        self._objective = objective
        self._seen = set(known)
        self._points: list[Array] = []
        self._values: list[Array] = []
        self.top_value = -np.inf
        self.top: Array = np.empty((0, 0))

    def look(self, points: Array) -> bool:
        """Add the new ones of these points, shape (m, d); return whether one is the best so far."""
        fresh = []
        for place, row in enumerate(points):
            key = row.tobytes()
            if key not in self._seen:
                self._seen.add(key)
                fresh.append(place)
        if not fresh:
            return False
        new = points[fresh]
        values = self._objective.value(new)
        self._points.append(new)
        self._values.append(values)
        best = int(values.argmax())
        better = bool(values[best] > self.top_value)
        if better:
            self.top_value = float(values[best])
            self.top = new[best : best + 1]
        return better

    def ranked(self) -> tuple[Array, Array]:
        """Return points and values, best first."""
        if not self._points:
            return np.empty((0, 0)), np.empty(0)
        points, values = np.vstack(self._points), np.concatenate(self._values)
        order = np.argsort(-values, kind="stable")
        return points[order], values[order]


def _first(
    space: SearchSpace, found: _Found, admissible: Callable[[Configuration], bool] | None
) -> tuple[Configuration, float] | None:
    points, values = found.ranked()
    for point, value in zip(points, values, strict=True):
        if not np.isfinite(value):
            break
        configuration = space.decode(point)
        if admissible is None or admissible(configuration):
            return configuration, float(value)
    return None


def _around(branches: dict[str, FamilySubspace], points: Array) -> Array:
    """Return all points that differ from one of these in one choice, shape (k, d)."""
    names = list(branches)
    parts = []
    for point in points:
        branch = branches[names[int(point[: len(names)].argmax())]]
        u, c = branch.disassemble(point[None, :])
        parts.append(branch.assemble(*branch.around(u[0], c[0])))
    return np.vstack(parts) if parts else points


def _along(branches: dict[str, FamilySubspace], points: Array, objective: Climbable) -> Array:
    """Return the points one, two and three changes along the gradient from these, shape (k, d)."""
    if not len(points):
        return points
    names = list(branches)
    _, slopes = objective.value_and_gradient(points)
    parts = []
    for point, slope in zip(points, slopes, strict=True):
        branch = branches[names[int(point[: len(names)].argmax())]]
        u, c = branch.disassemble(point[None, :])
        now = c[0]
        gains = np.array(
            [
                slope[columns].max() - slope[columns[at]]
                for columns, at in zip(branch.choices, now, strict=True)
            ]
        )
        target = np.array([int(slope[columns].argmax()) for columns in branch.choices])
        moved = now.copy()
        for which in np.argsort(-gains, kind="stable")[:_JUMPS]:
            moved[which] = target[which]
            parts.append(branch.assemble(u, moved[None, :].copy()))
    return np.vstack(parts)

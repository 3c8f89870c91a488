"""Choose a batch of configurations by gradient ascent, compared with random candidates.

Each proposal is the better one, by the exact acquisition, of the ascent's result and the best of
2,000 random configurations; it records which of the two it was.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.acquisition.ascent import AscentResult, ascend, polish
from espalier.pipelines.acquisition.batch import NEAR
from espalier.pipelines.acquisition.crowd import Crowd, draw, near, of_families, spread
from espalier.pipelines.acquisition.functions import expected_improvement
from espalier.pipelines.acquisition.objective import DifferentiablePredictor, Objective
from espalier.pipelines.acquisition.relaxation import FamilySubspace
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

Array = NDArray[np.float64]

RANDOM_CANDIDATES = 2_000
_QUASI_RANDOM = 256
_STARTS, _LATER_STARTS = 8, 4
_STEPS, _LATER_STEPS = 20, 8
_CLIMBERS, _ROUNDS = 3, 4


class BelievingPredictor(DifferentiablePredictor, Protocol):
    """A differentiable predictor that can condition on its own mean (kriging believer)."""

    def believe(self, X: Array) -> "BelievingPredictor":
        """Return the predictor conditioned on its own mean at ``X``, shape (n, d)."""
        ...


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed configuration, with its acquisition value and expected improvement.

    Attributes
    ----------
    configuration : Configuration
        The proposed configuration.
    by_ascent : bool
        Whether ascent beat the random candidates; False: the best of those was taken.
    value, random_value : float
        Acquisition values of the ascent's result and of the best random candidate.
    improvement : float
        Expected improvement over the incumbent, in the predictor's unit, cost ignored.
    is_free : bool
        Whether it was the best of all families; False: a better one was of a barred family.
    """

    configuration: Configuration
    by_ascent: bool
    value: float
    random_value: float
    improvement: float = 0.0
    is_free: bool = True


def propose_by_gradient(
    space: SearchSpace,
    objective: Objective,
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
    with_ascent: bool = True,
) -> list[Proposal]:
    """Return up to ``n`` proposals, none (nearly) equal to a tried or pending configuration.

    Parameters
    ----------
    space : SearchSpace
        The search space.
    objective : Objective
        The acquisition, on ``predictor``.
    predictor : BelievingPredictor
        Predicts the gain; it is conditioned on pending and proposed configurations one by one.
    tried : sequence of Configuration
        Configurations that have a result.
    incumbents : sequence of Configuration
        The best configurations so far and suggested ones, to start from.
    pending : sequence of Configuration
        Configurations of running trials.
    families : sequence of str or None
        The only families to choose from; None for all. The others are barred.
    n : int
        Number of proposals.
    rng : Generator
        Draws candidates and starts.
    admissible : callable (configuration) -> bool, optional
        Whether a configuration may be proposed.
    max_per_family : int or None
        Most configurations of one family in the batch: diverse models make better ensembles.
    with_ascent : bool
        Whether to use ascent; otherwise only random candidates.
    """
    branches = [FamilySubspace(space, family) for family in space.families]
    allowed = [branch for branch in branches if families is None or branch.family in set(families)]
    if pending:
        predictor = predictor.believe(space.encode(pending))
        objective = objective.with_predictor(predictor)
    taken = _Taken(space, [*tried, *pending], admissible)
    crowd = Crowd(draw(allowed, RANDOM_CANDIDATES, rng), objective)
    starts = np.vstack([draw(allowed, _QUASI_RANDOM, rng), near(space, allowed, incumbents, rng)])
    found = AscentResult.of(starts, objective.value(starts))
    shut = [branch for branch in branches if branch not in allowed]
    # Draws of their own, so that what is proposed does not depend on the comparison.
    barred_points = _barred(space, shut, incumbents, rng.spawn(1)[0])
    picks: list[Proposal] = []
    for number in range(n):
        if with_ascent:
            best_starts = spread(found, len(branches), _LATER_STARTS if number else _STARTS)
            steps = _LATER_STEPS if number else _STEPS
            risen = ascend(objective, branches, best_starts, steps=steps, rng=rng)
            found = AscentResult.of(
                np.vstack([risen.points, best_starts]),
                np.concatenate([risen.values, objective.value(best_starts)]),
            )
            found = polish(objective, branches, found, climbers=_CLIMBERS, rounds=_ROUNDS)
        by_ascent = _first_new(space, found, taken) if with_ascent else None
        by_chance = _first_new(space, crowd.best(objective), taken)
        pick = _better(by_ascent, by_chance)
        if pick is None:
            break
        pick = replace(
            pick,
            improvement=_improvement(space, objective, predictor, pick),
            is_free=not _is_beaten(space, pick, barred_points, objective, taken),
        )
        picks.append(pick)
        taken.add(pick.configuration)
        count = Counter(each.configuration.family for each in picks)
        full = {family for family in count if count[family] == max_per_family}
        barred = [place for place, name in enumerate(space.families) if name in full]
        if number + 1 < n:
            predictor = predictor.believe(space.encode([pick.configuration]))
            objective = objective.with_predictor(predictor)
            kept = np.vstack([found.points[:200], starts])
            is_barred = of_families(kept, barred)
            barred_points = np.vstack([barred_points, kept[is_barred]])
            kept = kept[~is_barred]
            crowd.bar(barred)
            if not len(kept) or not len(crowd):
                break
            found = AscentResult.of(kept, objective.value(kept))
    return picks


def _barred(
    space: SearchSpace,
    branches: Sequence[FamilySubspace],
    incumbents: Sequence[Configuration],
    rng: np.random.Generator,
) -> Array:
    """Return points of barred families to compare proposals with, shape (n, d)."""
    if not branches:
        return np.empty((0, len(space.coordinates)))
    drawn = draw(branches, _QUASI_RANDOM, rng)
    return np.vstack([drawn, near(space, branches, incumbents, rng)])


def _is_beaten(
    space: SearchSpace, pick: Proposal, points: Array, objective: Objective, taken: "_Taken"
) -> bool:
    """Whether one of these points of barred families would have been chosen instead."""
    if not len(points):
        return False
    other = _first_new(space, AscentResult.of(points, objective.value(points)), taken)
    return other is not None and other[1] > max(pick.value, pick.random_value)


def _improvement(
    space: SearchSpace, objective: Objective, predictor: BelievingPredictor, pick: Proposal
) -> float:
    mean, std = predictor.predict(space.encode([pick.configuration]))
    return float(expected_improvement(mean, std, objective.best)[0])


class _Taken:
    """Configurations that must not be proposed again."""

    def __init__(
        self,
        space: SearchSpace,
        configurations: Sequence[Configuration],
        admissible: Callable[[Configuration], bool] | None,
    ) -> None:
        self._space = space
        self._admissible = admissible
        self._known = set(configurations)
        self._X = space.encode(list(configurations))

    def add(self, configuration: Configuration) -> None:
        self._known.add(configuration)
        self._X = np.vstack([self._X, self._space.encode([configuration])])

    def holds(self, configuration: Configuration) -> bool:
        """Whether a configuration is taken or not admissible."""
        return configuration in self._known or (
            self._admissible is not None and not self._admissible(configuration)
        )

    def is_near(self, point: Array) -> bool:
        """Whether a point, shape (d,), is within `NEAR` of a taken one in every coordinate."""
        return bool((np.abs(self._X - point).max(axis=1) <= NEAR).any()) if len(self._X) else False


def _first_new(
    space: SearchSpace, found: AscentResult, taken: _Taken
) -> tuple[Configuration, float] | None:
    """Return the best configuration that is not taken, with its value, preferably a distant one."""
    close: tuple[Configuration, float] | None = None
    for point, value in zip(found.points[:200], found.values[:200], strict=True):
        if close is not None and taken.is_near(point):
            continue
        configuration = space.decode(point)
        if taken.holds(configuration):
            continue
        if not taken.is_near(point):
            return configuration, float(value)
        close = configuration, float(value)
    return close


def _better(
    by_ascent: tuple[Configuration, float] | None, by_chance: tuple[Configuration, float] | None
) -> Proposal | None:
    if by_ascent is None and by_chance is None:
        return None
    value = -np.inf if by_ascent is None else by_ascent[1]
    random_value = -np.inf if by_chance is None else by_chance[1]
    if by_ascent is not None and value > random_value:
        return Proposal(by_ascent[0], True, value, random_value)
    assert by_chance is not None
    return Proposal(by_chance[0], False, value, random_value)

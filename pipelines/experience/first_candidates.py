"""Choose which of many configurations to try first, by what experience expects of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.experience.recording.space_alignment import align_coordinates
from espalier.pipelines.experience.transfer.transfer_process import (
    ProcessExperience,
    embedded,
    kernel,
)
from espalier.pipelines.metafeatures.profile import MetaFeatures
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration

# Penalties, in units of the predictor's target, whose spread is about 1.
_COST_WEIGHT, _DOUBT_WEIGHT = 0.1, 0.5
_ALIKE_WEIGHT, _FAMILY_WEIGHT = 1.0, 0.3
_DEFAULT_TURNS = (0, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """The c configurations from which the ones to try first are chosen.

    Attributes
    ----------
    configurations : tuple of Configuration
        Configurations in the run's space.
    mean, doubt : array, shape (c,)
        Mean and standard deviation of the predictions of the predictor's bags.
    costs : array, shape (c,)
        Expected seconds, in units of a median trial.
    nearness : array, shape (c, c)
        Kernel of the configurations: near 1 for those expected to score alike.
    is_default : array of bool, shape (c,)
        Whether each is the default of its family.
    """

    configurations: tuple[Configuration, ...]
    mean: NDArray[np.float64]
    doubt: NDArray[np.float64]
    costs: NDArray[np.float64]
    nearness: NDArray[np.float64]
    is_default: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        configurations: Sequence[Configuration],
        costs: NDArray[np.float64],
        space: SearchSpace,
        predictor: ProcessExperience,
        meta: MetaFeatures,
    ) -> "Candidates":
        """Return the candidates with the predictor's expectations."""
        X = align_coordinates(
            space.encode(list(configurations)), space.coordinates, predictor.coordinates
        )
        mean, doubt = predictor.predict(X, meta)
        points = embedded(X, predictor.coordinates)
        defaults = {space.default(family) for family in space.families}
        return cls(
            configurations=tuple(configurations),
            mean=mean,
            doubt=doubt,
            costs=costs,
            nearness=kernel(points, points),
            is_default=np.array([each in defaults for each in configurations], dtype=bool),
        )

    def by_promise(self, n: int) -> list[int]:
        """Return the positions of the ``n`` configurations to try first, best first.

        They are chosen greedily by expected score, with penalties for the disagreement of the bags
        (the best of many is overestimated), for cost, for similarity to those already chosen and
        for a family that is already chosen. The first and the third are family defaults, which
        were tried on every dataset, so that most is known about them.
        """
        promise = self.mean - _DOUBT_WEIGHT * self.doubt
        promise = promise - _COST_WEIGHT * np.log(np.maximum(self.costs, 1e-3))
        family = np.array([each.family for each in self.configurations])
        chosen: list[int] = []
        while len(chosen) < min(n, len(self.configurations)):
            left = np.ones(len(promise), dtype=bool)
            left[chosen] = False
            if len(chosen) in _DEFAULT_TURNS and (left & self.is_default).any():
                left &= self.is_default
            alike = self.nearness[:, chosen].max(axis=1) if chosen else np.zeros(len(promise))
            again = np.isin(family, family[chosen])
            value = promise - _ALIKE_WEIGHT * alike - _FAMILY_WEIGHT * again
            value = np.where(left, value, -np.inf)
            chosen.append(int(value.argmax()))
        return chosen

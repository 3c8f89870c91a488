"""The joint search space: a choice of family, then that family's hyperparameters."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.errors import UserError
from espalier.pipelines.learners.base.costs import (
    constructed_seconds,
    features_seconds,
    with_constructed,
)
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.space.encode import Encoding
from espalier.pipelines.space.family import FamilySpace
from espalier.pipelines.trials.configuration import Configuration


class SearchSpace:
    """All configurations that may be tried on one table.

    Parameters
    ----------
    learners : sequence of Learner
        The families, at least one, each able to handle the table.
    shape : DatasetShape
        Shape of the search table.
    objectives : tuple of str
        Ways to train that are chosen from (`objective_choices`), the default first.
    """

    def __init__(
        self, learners: Sequence[Learner], shape: DatasetShape, objectives: tuple[str, ...] = ()
    ) -> None:
        if not learners:
            raise UserError("a search needs at least one family")
        self.learners = tuple(learners)
        self.shape = shape
        self._spaces = {
            each.name: FamilySpace.of(each, shape, objectives) for each in self.learners
        }
        self._encoding = Encoding(self._spaces)

    @property
    def families(self) -> tuple[str, ...]:
        """The names of the families, in order."""
        return tuple(self._spaces)

    @property
    def is_of_pixels(self) -> bool:
        """Whether all of the families are networks on the pixels of pictures."""
        return all(each.preprocessing.pixels for each in self.learners)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Name of each column of the encoding, such as ``lightgbm:num_leaves``."""
        return tuple(str(coordinate) for coordinate in self._encoding.coordinates)

    def family_space(self, family: str) -> FamilySpace:
        """Return the hyperparameters of one family."""
        return self._spaces[family]

    def default(self, family: str) -> Configuration:
        """Return the default configuration of ``family``."""
        return self._spaces[family].complete({}, None)

    def starters(self, family: str) -> tuple[Configuration, ...]:
        """Return the family's other configurations that are worth an early trial.

        Those with a choice that was cut from this space, as for an export, are left out.
        """
        learner = self._spaces[family].learner
        found: list[Configuration] = []
        for each in () if learner.starters is None else learner.starters(self.shape):
            with suppress(ValueError):
                found.append(self.complete(family, dict(each)))
        return tuple(found)

    def complete(self, family: str, values: dict[str, Any]) -> Configuration:
        """Return the configuration of ``values`` and defaults; inactive values are dropped."""
        return self._spaces[family].complete(values, None)

    def sample(self, n: int, rng: np.random.Generator) -> list[Configuration]:
        """Return ``n`` random configurations, every family equally likely."""
        names = self.families
        return [
            self._spaces[names[int(rng.integers(len(names)))]].complete({}, rng) for _ in range(n)
        ]

    def sample_family(self, family: str, n: int, rng: np.random.Generator) -> list[Configuration]:
        """Return ``n`` random configurations of one family."""
        return [self._spaces[family].complete({}, rng) for _ in range(n)]

    def neighbours(
        self, configuration: Configuration, n: int, rng: np.random.Generator
    ) -> list[Configuration]:
        """Return up to ``n`` different configurations with one hyperparameter changed each."""
        family = self._spaces[configuration.family]
        found: dict[Configuration, None] = {}
        for _ in range(4 * n):
            if len(found) == n:
                break
            moved = family.neighbour(configuration, rng)
            if moved != configuration:
                found[moved] = None
        return list(found)

    def encode(self, configurations: Sequence[Configuration]) -> NDArray[np.float64]:
        """Return vectors, shape (n_configurations, n_coordinates); inactive is -1."""
        return self._encoding.encode(configurations)

    def decode(self, vector: NDArray[Any]) -> Configuration:
        """Return the valid configuration nearest to a vector of shape (n_coordinates,)."""
        return self._encoding.decode(vector)

    def decode_many(self, X: NDArray[Any]) -> list[Configuration]:
        """Return the valid configurations nearest to vectors, shape (n, n_coordinates)."""
        return self._encoding.decode_many(X)

    def expected_seconds(self, configuration: Configuration) -> float:
        """Return about how long one fit on all rows takes on one core, preprocessing included."""
        learner = self._spaces[configuration.family].learner
        shape = with_constructed(configuration, self.shape)
        features = features_seconds(shape, str(configuration.get("prep_vectors", "pca")))
        made = constructed_seconds(configuration, self.shape)
        return learner.expected_seconds(configuration, shape) + features + made

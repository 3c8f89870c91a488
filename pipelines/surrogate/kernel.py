"""Distances between configurations of a conditional, mixed space.

Every hyperparameter is put into a Euclidean space, after the arc kernel of Hutter and Osborne (*A
kernel for hierarchical parameter spaces*, 2013): a number becomes a point on a quarter circle, a
choice a corner of a simplex, and one that is inactive the origin, which is equally far from all
active values. A kernel of that Euclidean distance is positive definite and differentiable.

Symbols: n, m configurations; d coordinates of the encoding; g hyperparameters ("groups"); p
coordinates of the embedding; w (g,) inverse squared length scales.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ANGLE = math.pi / 2
_CORNER = math.sqrt(0.5)  # so that two different choices are one apart


class Embedding:
    """The map from encoded configurations to a Euclidean space, one block per hyperparameter.

    Parameters
    ----------
    coordinates : sequence of str
        Names of the columns of the encoding: ``owner:name`` for a number, ``owner:name=choice``
        for a choice, as `SearchSpace.coordinates` lists them.

    Attributes
    ----------
    names : tuple of str
        The hyperparameters, in order; the first is ``family``.
    group : array of int, shape (p,)
        The hyperparameter of each coordinate of the embedding.
    """

    def __init__(self, coordinates: Sequence[str]) -> None:
        places: dict[str, int] = {}
        owner = np.array(
            [places.setdefault(each.split("=", 1)[0], len(places)) for each in coordinates]
        )
        choice = np.array(["=" in each for each in coordinates])
        self.names = tuple(places)
        self._numbers = np.flatnonzero(~choice)
        self._choices = np.flatnonzero(choice)
        self.group = np.concatenate(
            [owner[self._numbers], owner[self._numbers], owner[self._choices]]
        )
        self.n_coordinates = len(coordinates)

    def __call__(self, X: Array) -> Array:
        """Return the embedding, shape (n, p), of encoded configurations, shape (n, d)."""
        number, choice = X[:, self._numbers], X[:, self._choices]
        active = number >= 0
        angle = _ANGLE * number
        return np.hstack(
            [
                np.where(active, np.sin(angle), 0.0),
                np.where(active, np.cos(angle), 0.0),
                _CORNER * np.maximum(choice, 0.0),
            ]
        )

    def pull_back(self, X: Array, slope: Array) -> Array:
        """Return the gradient in the encoding, shape (n, d), of one in the embedding, (n, p)."""
        n_numbers = len(self._numbers)
        number = X[:, self._numbers]
        angle = _ANGLE * number
        gradient = np.zeros_like(X)
        turned = (
            np.cos(angle) * slope[:, :n_numbers]
            - np.sin(angle) * (slope[:, n_numbers : 2 * n_numbers])
        )
        gradient[:, self._numbers] = np.where(number >= 0, _ANGLE * turned, 0.0)
        choice = X[:, self._choices]
        gradient[:, self._choices] = np.where(choice >= 0, _CORNER * slope[:, 2 * n_numbers :], 0.0)
        return gradient

    def group_distances(self, points: Array) -> Array:
        """Return squared distances by hyperparameter, shape (g, n(n-1)/2): each pair once.

        Parameters
        ----------
        points : array, shape (n, p)
            Embedded configurations. Pairs are ordered as `numpy.triu_indices(n, 1)`.
        """
        rows, columns = np.triu_indices(len(points), 1)
        distances = np.empty((len(self.names), len(rows)))
        # One hyperparameter at a time: the differences of all pairs in all coordinates at once
        # would take the memory of the result many times over.
        for place in range(len(self.names)):
            own = points[:, self.group == place]
            distances[place] = ((own[rows] - own[columns]) ** 2).sum(axis=1)
        return distances


def squared_distances(left: Array, right: Array) -> Array:
    """Return squared Euclidean distances, shape (n, m), of points (n, p) and (m, p)."""
    squared = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2.0 * left @ right.T
    return np.maximum(squared, 0.0)


def matern(squared: Array) -> tuple[Array, Array]:
    """Return the Matern 5/2 kernel and its derivative by the squared distance.

    Parameters
    ----------
    squared : array
        Squared distances in units of the length scale.
    """
    root = np.sqrt(5.0 * squared)
    decay = np.exp(-root)
    slope = (1.0 + root) * decay
    return slope + (5.0 / 3.0) * squared * decay, (-5.0 / 6.0) * slope

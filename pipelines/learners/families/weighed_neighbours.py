"""Averages over the nearest training rows, where rows do not count equally."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Neighbours that are looked at, for each one that is wanted.
_REACH = 4
_ROWS_A_BLOCK = 4_096


class WeighedNeighbours:
    """Average the targets of the nearest rows, a row of weight w counting as w rows.

    Parameters
    ----------
    k : int
        Sum of the weights that are averaged.
    by_distance : bool
        Whether nearer rows count more, by the inverse of their distance.
    p : int
        1 for the Manhattan distance, 2 for the Euclidean one.
    n_threads : int
        Threads.
    """

    def __init__(self, k: int, by_distance: bool, p: int, n_threads: int) -> None:
        self.k = k
        self.by_distance = by_distance
        self.p = p
        self.n_threads = n_threads

    def fit(
        self, X: NDArray[Any], targets: NDArray[np.float64], weight: NDArray[Any]
    ) -> "WeighedNeighbours":
        """Store rows ``X``, their ``targets`` of shape (n_rows, n_targets) and their weights."""
        from sklearn.neighbors import NearestNeighbors

        self.targets, self.weight = targets, np.asarray(weight, dtype=np.float64)
        reach = min(len(X), _REACH * self.k)
        self.neighbours = NearestNeighbors(n_neighbors=reach, p=self.p, n_jobs=self.n_threads)
        self.neighbours.fit(X)
        return self

    def predict(self, X: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return averages, shape (n_rows, n_targets), and the weight of the rows averaged."""
        starts = range(0, max(len(X), 1), _ROWS_A_BLOCK)
        parts = [self._block(X[start : start + _ROWS_A_BLOCK]) for start in starts]
        return np.vstack([each for each, _ in parts]), np.concatenate([each for _, each in parts])

    def _block(self, X: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if not len(X):
            return np.empty((0, self.targets.shape[1])), np.empty(0)
        distances, rows = self.neighbours.kneighbors(X)
        weight = self.weight[rows]
        before = np.cumsum(weight, axis=1) - weight
        used = np.clip(self.k - before, 0.0, weight)
        mass = used.sum(axis=1)
        if self.by_distance:
            # Rows at the very place say all.
            here = distances == 0
            with np.errstate(divide="ignore"):
                closeness = np.where(here.any(axis=1)[:, None], here, 1.0 / distances)
            used = used * closeness
        average = np.einsum("ij,ijt->it", used, self.targets[rows])
        return average / used.sum(axis=1)[:, None], mass

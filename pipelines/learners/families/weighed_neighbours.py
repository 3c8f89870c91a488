"""Averages and quantiles of the nearest training rows, where rows do not count equally."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.losses.weighted_quantile import segment_quantiles

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
        self, X: NDArray[Any], targets: NDArray[np.float64], weight: NDArray[Any] | None
    ) -> "WeighedNeighbours":
        """Store rows ``X``, their ``targets``, shape (n_rows, n_targets), and weights, if any."""
        from sklearn.neighbors import NearestNeighbors

        self.targets = targets
        # Of equal rows, k are enough.
        reach = min(len(X), self.k if weight is None else _REACH * self.k)
        self.weight = np.ones(len(X)) if weight is None else np.asarray(weight, dtype=np.float64)
        self.neighbours = NearestNeighbors(n_neighbors=reach, p=self.p, n_jobs=self.n_threads)
        self.neighbours.fit(X)
        return self

    def predict(self, X: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return averages, shape (n_rows, n_targets), and the weight of the rows averaged."""
        starts = range(0, max(len(X), 1), _ROWS_A_BLOCK)
        parts = [self._block(X[start : start + _ROWS_A_BLOCK]) for start in starts]
        return np.vstack([each for each, _ in parts]), np.concatenate([each for _, each in parts])

    def quantile(self, X: NDArray[Any], level: float) -> NDArray[np.float64]:
        """Return the quantile ``level`` of the only target, shape (n_rows,)."""
        starts = range(0, len(X), _ROWS_A_BLOCK)
        parts = [self._quantile(X[start : start + _ROWS_A_BLOCK], level) for start in starts]
        return np.concatenate(parts) if parts else np.empty(0)

    def _quantile(self, X: NDArray[Any], level: float) -> NDArray[np.float64]:
        used, rows, _ = self._nearest(X)
        values = self.targets[rows, 0]
        order = np.argsort(values, axis=1, kind="stable")
        row = np.repeat(np.arange(len(X)), rows.shape[1])
        weights = np.take_along_axis(used, order, axis=1).ravel()
        ordered = np.take_along_axis(values, order, axis=1).ravel()
        return segment_quantiles(ordered, weights, row, len(X), level)

    def _block(self, X: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if not len(X):
            return np.empty((0, self.targets.shape[1])), np.empty(0)
        used, rows, mass = self._nearest(X)
        average = np.einsum("ij,ijt->it", used, self.targets[rows])
        return average / used.sum(axis=1)[:, None], mass

    def _nearest(
        self, X: NDArray[Any]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
        """Return how much each near row counts, those rows, and the weight that they have."""
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
        return used, rows, mass

"""Projections: principal components and random kernel features."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import Nystroem

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.seeds import drawn_rows

PROJECTIONS = ("none", "pca", "kernel")

_ROWS = 5_000


class Project(TransformerMixin, BaseEstimator):
    """Replace the columns by projections of them.

    Parameters
    ----------
    method : str
        ``pca`` or ``kernel`` (Nystroem features of a Gaussian kernel; Williams and Seeger 2001).
    n_components : int
        At most this many columns come out.
    seed : int
        Seed of everything random.
    """

    def __init__(self, method: str = "pca", n_components: int = 50, seed: int = 0) -> None:
        self.method = method
        self.n_components = n_components
        self.seed = seed

    def fit(
        self, X: NDArray[Any], y: NDArray[Any] | None = None, facts: RowFacts = PLAIN
    ) -> "Project":
        """Learn the directions of ``X``, shape (n_rows, n_columns), finite."""
        del y, facts
        part = X if len(X) <= _ROWS else X[drawn_rows(len(X), _ROWS, seed=self.seed)]
        if self.method == "pca":
            n_components = max(1, min(self.n_components, *part.shape))
            self.projection_ = PCA(n_components, random_state=self.seed)
        else:
            # The width at which a typical pair of rows has kernel 1/e: twice the total variance.
            gamma = 1.0 / max(2 * float(part.var(axis=0).sum()), 1e-9)
            n_components = max(1, min(self.n_components, len(part)))
            self.projection_ = Nystroem(
                gamma=gamma, n_components=n_components, random_state=self.seed
            )
        self.projection_.fit(part)
        spread = float(np.std(self.projection_.transform(part)))
        self.spread_ = spread if spread > 0 else 1.0
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the projections, float32, scaled to an overall standard deviation of 1."""
        return (self.projection_.transform(X) / self.spread_).astype(np.float32)

"""Category codes replaced by the mean target of their level, out of fold.

Micci-Barreca, *A preprocessing scheme for high-cardinality categorical attributes* (2001); the
shrinkage is empirical Bayes, and the training rows are encoded by cross-fitting, so that no row
sees its own target.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.seeds import generator

# A many-class target gives one column for each of its most frequent classes, up to this number.
_MAX_CLASSES = 12
_FOLDS = 5


class TargetMeans(TransformerMixin, BaseEstimator):
    """Replace codes by shrunken means of the target.

    Parameters
    ----------
    classification : bool
        Whether ``y`` holds class codes: then the mean is a class's share, one column a class
        (one for two classes, at most twelve).
    seed : int
        Seed of the folds.
    """

    def __init__(self, classification: bool = True, seed: int = 0) -> None:
        self.classification = classification
        self.seed = seed

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> "TargetMeans":
        """Learn from codes ``X`` of shape (n_rows, n_columns), none of them negative."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Learn from ``X`` and return its cross-fitted encoding, float32."""
        targets = self._targets(y)
        self.prior_ = targets.mean(axis=0)
        self.n_codes_ = [int(column.max(initial=-1)) + 1 for column in X.T]
        self.tables_ = [
            _means(column, targets, n_codes)
            for column, n_codes in zip(X.T, self.n_codes_, strict=True)
        ]
        fold = generator(self.seed, "target means").permutation(len(X)) % _FOLDS
        n_targets = targets.shape[1]
        encoded = np.empty((len(X), X.shape[1] * n_targets), dtype=np.float32)
        for part in range(_FOLDS):
            inside, outside = fold == part, fold != part
            if not inside.any():
                continue
            for position, n_codes in enumerate(self.n_codes_):
                where = slice(position * n_targets, (position + 1) * n_targets)
                if outside.any():
                    table = _means(X[outside, position], targets[outside], n_codes)
                else:
                    table = np.tile(self.prior_, (n_codes, 1))
                encoded[inside, where] = table[X[inside, position]]
        return encoded

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the encoding of codes ``X``, float32."""
        parts = []
        for position, table in enumerate(self.tables_):
            padded = np.vstack([table, self.prior_])
            parts.append(padded[np.minimum(X[:, position], len(table))])
        if not parts:
            return np.empty((len(X), 0), dtype=np.float32)
        return np.hstack(parts).astype(np.float32)

    def _targets(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the columns to average, shape (n_rows, n_targets): values or class indicators."""
        if not self.classification:
            return y.astype(np.float64)[:, None]
        classes, counts = np.unique(y, return_counts=True)
        if len(classes) <= 2:
            return (y == classes[-1]).astype(np.float64)[:, None]
        frequent = classes[np.argsort(-counts, kind="stable")[:_MAX_CLASSES]]
        return (y[:, None] == np.sort(frequent)).astype(np.float64)


def _means(codes: NDArray[Any], targets: NDArray[Any], n_codes: int) -> NDArray[Any]:
    """Return shrunken means, shape (n_codes, n_targets).

    A level of n rows keeps n / (n + m) of its own mean, m being the ratio of the variance within
    levels to that between them.
    """
    prior = targets.mean(axis=0)
    counts = np.bincount(codes, minlength=n_codes).astype(np.float64)[:, None]
    sums = np.column_stack(
        [np.bincount(codes, weights=column, minlength=n_codes) for column in targets.T]
    )
    means = np.where(counts > 0, sums / np.maximum(counts, 1), prior)
    total = targets.var(axis=0) * len(codes)
    between = (counts * (means - prior) ** 2).sum(axis=0)
    within = np.maximum(total - between, 0)
    seen = counts[:, 0] > 0
    n_levels = int(seen.sum())
    mean_within = within / max(len(codes) - n_levels, 1)
    # Method of moments for a one-way random effect.
    size = (len(codes) - float((counts**2).sum()) / max(len(codes), 1)) / max(n_levels - 1, 1)
    effect = np.maximum((between / max(n_levels - 1, 1) - mean_within) / max(size, 1e-9), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        m = np.where(effect > 0, mean_within / np.where(effect > 0, effect, 1), 1e9)
    m = np.maximum(m, 1.0)
    share = counts / (counts + m)
    return np.asarray(share * means + (1 - share) * prior)

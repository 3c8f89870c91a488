"""Category codes replaced by the mean target of their level, out of fold.

Micci-Barreca, *A preprocessing scheme for high-cardinality categorical attributes* (2001); the
shrinkage is empirical Bayes, and the training rows are encoded by cross-fitting, so that no row
sees its own target.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts, inner_folds
from espalier.pipelines.seeds import generator

# A many-class target gives one column for each of its most frequent classes, up to this number.
_MAX_CLASSES = 12
_FOLDS = 5
# In a random order the first of one part more have no rows before them.
_ORDERED_FOLDS = 8


class TargetMeans(TransformerMixin, BaseEstimator):
    """Replace codes by shrunken means of the target.

    Parameters
    ----------
    classification : bool
        Whether ``y`` holds class codes: then the mean is a class's share, one column a class
        (one for two classes, at most twelve).
    seed : int
        Seed of the folds.
    ordered : bool
        Whether rows are encoded from the rows before them in a random order, as CatBoost does
        (Prokhorenkova et al. 2018), instead of from all other folds. Of levels with few rows, what
        the other folds leave says what they left out: a row's own target is the level's sum less
        its encoding, and trees that can tell the level by other columns find that. Rows at the
        beginning are encoded as levels never seen.
    """

    def __init__(self, classification: bool = True, seed: int = 0, ordered: bool = False) -> None:
        self.classification = classification
        self.seed = seed
        self.ordered = ordered

    def fit(self, X: NDArray[Any], y: NDArray[Any], facts: RowFacts = PLAIN) -> "TargetMeans":
        """Learn from codes ``X`` of shape (n_rows, n_columns), none of them negative."""
        self.fit_transform(X, y, facts)
        return self

    def fit_transform(
        self, X: NDArray[Any], y: NDArray[Any], facts: RowFacts = PLAIN
    ) -> NDArray[Any]:
        """Learn from ``X`` and return its cross-fitted encoding, float32.

        Each row is encoded from rows of other groups that are not newer, as new rows will be. A row
        without such rows is encoded as a level never seen.
        """
        weight = facts.weight
        targets = self._targets(y, weight)
        self.prior_ = _average(targets, weight)
        self.n_codes_ = [int(column.max(initial=-1)) + 1 for column in X.T]
        self.tables_ = [
            _means(column, targets, n_codes, weight)
            for column, n_codes in zip(X.T, self.n_codes_, strict=True)
        ]
        order = generator(self.seed, "target means").permutation(len(X))
        n_folds, by_rows = _FOLDS, order % _FOLDS
        if self.ordered:
            n_folds = _ORDERED_FOLDS
            if facts.times is None:
                facts = replace(facts, times=order.astype(np.float64))
        n_targets = targets.shape[1]
        encoded = np.tile(self.prior_.astype(np.float32), (len(X), X.shape[1]))
        for fold in inner_folds(facts, by_rows, n_folds, seed=self.seed):
            part = None if weight is None else weight[fold.train]
            for position, n_codes in enumerate(self.n_codes_):
                where = slice(position * n_targets, (position + 1) * n_targets)
                table = _means(X[fold.train, position], targets[fold.train], n_codes, part)
                encoded[fold.valid, where] = table[X[fold.valid, position]]
        return encoded

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the encoding of codes ``X``, float32."""
        parts = []
        for position, table in enumerate(self.tables_):
            codes = X[:, position]
            known = table[np.minimum(codes, len(table) - 1)]
            parts.append(np.where((codes < len(table))[:, None], known, self.prior_))
        if not parts:
            return np.empty((len(X), 0), dtype=np.float32)
        return np.hstack(parts).astype(np.float32)

    def _targets(self, y: NDArray[Any], weight: NDArray[Any] | None) -> NDArray[Any]:
        """Return the columns to average, shape (n_rows, n_targets): values or class indicators."""
        if not self.classification:
            return y.astype(np.float64)[:, None]
        classes, codes = np.unique(y, return_inverse=True)
        if len(classes) <= 2:
            return (y == classes[-1]).astype(np.float64)[:, None]
        counts = np.bincount(codes.reshape(-1), weights=weight)
        frequent = classes[np.argsort(-counts, kind="stable")[:_MAX_CLASSES]]
        return (y[:, None] == np.sort(frequent)).astype(np.float64)


def _average(values: NDArray[Any], weight: NDArray[Any] | None) -> NDArray[Any]:
    """Return the mean of each column; weights that are all 0 are equal weights."""
    if weight is None or not weight.sum() > 0:
        return np.asarray(values.mean(axis=0))
    return np.asarray(np.average(values, axis=0, weights=weight))


def _means(
    codes: NDArray[Any], targets: NDArray[Any], n_codes: int, weight: NDArray[Any] | None
) -> NDArray[Any]:
    """Return shrunken means, shape (n_codes, n_targets).

    A level of n rows, or of weight n, keeps n / (n + m) of its own mean, m being the ratio of the
    variance within levels to that between them.
    """
    prior = _average(targets, weight)
    counts = np.bincount(codes, weights=weight, minlength=n_codes).astype(np.float64)[:, None]
    weighed = targets if weight is None else targets * weight[:, None]
    sums = np.column_stack(
        [np.bincount(codes, weights=column, minlength=n_codes) for column in weighed.T]
    )
    means = np.where(counts > 0, sums / np.where(counts > 0, counts, 1), prior)
    n_rows = len(codes) if weight is None else float(weight.sum())
    variance = targets.var(axis=0) if weight is None else _average((targets - prior) ** 2, weight)
    total = variance * n_rows
    between = (counts * (means - prior) ** 2).sum(axis=0)
    within = np.maximum(total - between, 0)
    seen = counts[:, 0] > 0
    n_levels = int(seen.sum())
    mean_within = within / max(n_rows - n_levels, 1)
    # Method of moments for a one-way random effect.
    size = (n_rows - float((counts**2).sum()) / max(n_rows, 1)) / max(n_levels - 1, 1)
    effect = np.maximum((between / max(n_levels - 1, 1) - mean_within) / max(size, 1e-9), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        m = np.where(effect > 0, mean_within / np.where(effect > 0, effect, 1), 1e9)
    m = np.maximum(m, 1.0)
    share = counts / (counts + m)
    return np.asarray(share * means + (1 - share) * prior)

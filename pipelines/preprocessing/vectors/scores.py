"""What pictures alone say of the target: one cross-fitted number beside a table's own columns.

A few columns of a table and thousands of numbers of its pictures make one poor matrix: trees find
nothing in so many weak columns, and penalties that suit the many smother the few. One ridge
regression on all numbers of the pictures says what is in them about the target; its predictions
are a column like any other. As target means of categories, those of training rows come from models
that did not see the row.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts, inner_folds
from espalier.pipelines.preprocessing.vectors.column import MOST_DIRECTIONS, VectorColumn
from espalier.pipelines.preprocessing.vectors.keyed import Keyed
from espalier.pipelines.seeds import generator

# Up to so many rows all numbers are used, which are then no more than the rows' products.
_ALL_NUMBERS_ROWS = 800
# Penalties, in units of the mean square of a row.
_PENALTIES = np.geomspace(1e-3, 1e3, 13)
_FOLDS = 5
# Of the largest eigenvalue; what is below is rounding.
_ROUNDING = 1e-6
# Folds that are remembered; each entry has a few MB at most.
_REMEMBERED = 24

Floats = NDArray[np.float64]


class VectorScores(TransformerMixin, BaseEstimator):
    """Predict the target from columns of vectors, for use as features.

    Parameters
    ----------
    classification : bool
        Whether the target holds class codes: then there is a column for each class, and one for
        two classes.
    seed : int
        Seed of everything random.
    """

    def __init__(self, classification: bool, seed: int = 0) -> None:
        self.classification = classification
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN) -> "VectorScores":
        """Learn from columns of vectors or NaN, each with at least one vector."""
        self.fit_transform(X, y, facts)
        return self

    def fit_transform(
        self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN
    ) -> NDArray[np.float32]:
        """Learn from ``X``; return predictions by models that did not see the row.

        Parameters
        ----------
        X : DataFrame, shape (n_rows, n_columns)
            Vectors or NaN.
        y : array, shape (n_rows,)
            Class codes or values.
        facts : RowFacts
            Weights of the rows; what has groups or an order is predicted from other groups, and
            from older rows.

        Returns
        -------
        array of float32, shape (n_rows, n_scores)
        """
        reduction = "all" if len(X) <= _ALL_NUMBERS_ROWS else "pca"
        self.columns_ = {
            name: VectorColumn(reduction, MOST_DIRECTIONS, scale=True, seed=self.seed).fit(X[name])
            for name in X
        }
        targets = self._targets(y)
        weight = np.ones(len(X)) if facts.weight is None else np.asarray(facts.weight, dtype=float)
        numbers = self._numbers(X)
        mean = np.average(numbers, axis=0, weights=weight)
        self.numbers_mean_ = mean.astype(np.float32)
        self.center_ = np.average(targets, axis=0, weights=weight)
        spread = np.sqrt(np.average((targets - self.center_) ** 2, axis=0, weights=weight))
        # A class of a rare kind keeps its small share, so all classes have one scale.
        self.scale_ = float(max(spread.max(initial=0.0), 1e-12))
        root = np.sqrt(weight / weight.mean())[:, None]
        answers = (targets - self.center_) / self.scale_ * root
        solved = _solve(Keyed((numbers - self.numbers_mean_) * root.astype(np.float32), answers))
        self.weights_ = solved.weights.astype(np.float32)
        # Leaving out one row at a time would give its target away, with its sign turned: where
        # pictures say nothing, the mean of all others is the lower the higher the row is.
        by_rows = generator(self.seed, "scores").permutation(len(X)) % _FOLDS
        made = np.zeros_like(targets)
        for fold in inner_folds(facts, by_rows, _FOLDS, seed=self.seed):
            part = solved.coordinates[fold.train]
            ridge = part.T @ part + solved.penalty * np.eye(part.shape[1])
            made[fold.valid] = solved.coordinates[fold.valid] @ np.linalg.solve(
                ridge, part.T @ answers[fold.train]
            )
        return (made / np.maximum(root, 1e-9)).astype(np.float32)

    def transform(self, X: pd.DataFrame) -> NDArray[np.float32]:
        """Return predictions for new rows, float32, shape (n_rows, n_scores)."""
        return np.asarray((self._numbers(X) - self.numbers_mean_) @ self.weights_, dtype=np.float32)

    def _numbers(self, X: pd.DataFrame) -> NDArray[np.float32]:
        parts = [column.transform(X[name]) for name, column in self.columns_.items()]
        return np.hstack(parts)

    def _targets(self, y: NDArray[Any]) -> Floats:
        """Return what is predicted, shape (n_rows, n_scores)."""
        if not self.classification:
            return np.asarray(y, dtype=np.float64)[:, None]
        codes = np.arange(int(np.max(y)) + 1)
        if len(codes) <= 2:
            codes = codes[-1:]
        return np.asarray(np.asarray(y)[:, None] == codes, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Solved:
    """A ridge regression of the penalty whose predictions of left-out rows are best.

    Attributes
    ----------
    weights : array, shape (n_columns, n_targets)
        The model.
    coordinates : array, shape (n_rows, rank)
        The rows in their own span: products of rows are the same there.
    penalty : float
        On the sum of squared weights.
    """

    weights: Floats
    coordinates: Floats
    penalty: float


@lru_cache(maxsize=_REMEMBERED)
def _solve(rows: Keyed) -> _Solved:
    """Solve for centred rows and their targets, by the error on rows left out.

    Leaving out one row after the other has a closed form.
    """
    Z, T = rows.take()
    is_wide = Z.shape[1] > len(Z)
    products = (Z @ Z.T if is_wide else Z.T @ Z).astype(np.float64)
    values, turns = np.linalg.eigh(products)
    large = values > _ROUNDING * max(float(values.max(initial=0.0)), 1e-12)
    values = values[large]
    left = turns[:, large] if is_wide else Z @ (turns[:, large] / np.sqrt(values))
    inner = left.T @ T
    coordinates = left * np.sqrt(values)
    best, found = np.inf, _Solved(np.zeros((Z.shape[1], T.shape[1])), coordinates, 1.0)
    unit = float(values.sum()) / len(Z)
    for penalty in unit * _PENALTIES:
        kept = values / (values + penalty)
        # One more degree of freedom is the mean.
        lever = np.minimum((left**2) @ kept + 1.0 / len(Z), 1.0 - 1e-6)[:, None]
        errors = (T - left @ (kept[:, None] * inner)) / (1.0 - lever)
        if (loss := float((errors**2).sum())) < best:
            weights = Z.T @ (left @ (inner / (values + penalty)[:, None]))
            best, found = loss, _Solved(weights, coordinates, float(penalty))
    return found

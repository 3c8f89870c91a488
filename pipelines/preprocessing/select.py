"""Select columns by their information about the target, or drop near copies."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.strength import mutual_information
from espalier.pipelines.seeds import drawn_rows

SELECTIONS = ("none", "information", "importance", "correlation")

_ROWS = 5_000
# A column with a higher absolute correlation to a stronger one is its near copy.
_SAME = 0.97
_MAX_COMPARED = 1_500


class SelectColumns(TransformerMixin, BaseEstimator):
    """Keep a share of the columns.

    Parameters
    ----------
    criterion : str
        ``information`` (mutual information with the target), ``importance`` (of a small forest
        of extremely random trees) or ``correlation`` (near copies of stronger columns go).
    share : float
        Share of the columns to keep, in (0, 1]; at least one stays.
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of everything random.
    """

    def __init__(
        self,
        criterion: str = "information",
        share: float = 0.5,
        classification: bool = True,
        seed: int = 0,
    ) -> None:
        self.criterion = criterion
        self.share = share
        self.classification = classification
        self.seed = seed

    def fit(self, X: NDArray[Any], y: NDArray[Any], facts: RowFacts = PLAIN) -> "SelectColumns":
        """Choose the columns of ``X``, shape (n_rows, n_columns), NaN allowed."""
        n_kept = max(1, round(self.share * X.shape[1]))
        if self.criterion == "importance":
            strength = self._importance(X, y, facts.weight)
        else:
            strength = mutual_information(
                X, y, classification=self.classification, weight=facts.weight, seed=self.seed
            )
        order = np.argsort(-strength, kind="stable")
        if self.criterion == "correlation":
            order = _without_repeats(X, order, self.seed)
        self.columns_ = np.sort(order[:n_kept])
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the chosen columns."""
        return X[:, self.columns_]

    def _importance(
        self, X: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None
    ) -> NDArray[Any]:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        if len(X) > _ROWS:
            rows = drawn_rows(len(X), _ROWS, seed=self.seed)
            X, y, weight = X[rows], y[rows], None if weight is None else weight[rows]
        kind = ExtraTreesClassifier if self.classification else ExtraTreesRegressor
        forest = kind(
            n_estimators=40, min_samples_leaf=3, max_features=0.3, random_state=self.seed, n_jobs=1
        )
        # Missing values become the column's floor: a place of their own for the trees.
        forest.fit(np.nan_to_num(X, nan=-1e6), y, sample_weight=weight)
        return forest.feature_importances_


def _without_repeats(X: NDArray[Any], order: NDArray[Any], seed: int) -> NDArray[Any]:
    """Return ``order`` without columns that are near copies of an earlier one."""
    order = order[:_MAX_COMPARED]
    part = X[drawn_rows(len(X), _ROWS, seed=seed)][:, order]
    part = np.nan_to_num(part.astype(np.float64))
    part -= part.mean(axis=0)
    norms = np.linalg.norm(part, axis=0)
    part /= np.where(norms > 0, norms, 1.0)
    close = np.abs(part.T @ part) > _SAME
    kept: list[int] = []
    for position in range(len(order)):
        if not close[position, kept].any():
            kept.append(position)
    return order[kept]

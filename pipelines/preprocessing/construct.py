"""New features out of pairs of the strongest numeric columns."""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.constructed.formulas import Formula, Formulas, combine
from espalier.pipelines.preprocessing.strength import mutual_information

CONSTRUCTIONS = ("none", "arithmetic", "ratios", "random")
"""Ways to add columns to the numbers: `PairwiseFeatures` of all four operations or of ratios only,
and `RandomFormulas`."""

_OPERATIONS = {
    "arithmetic": ("sum", "difference", "product", "ratio"),
    "ratios": ("ratio",),
}
_STRONGEST = 8
_ADDED = 16


class PairwiseFeatures(TransformerMixin, BaseEstimator):
    """Append sums, differences, products and ratios of the strongest columns.

    Pairs are formed of the eight columns with the most mutual information with the target. At most
    sixteen combinations are kept, those with more information than both their parts.

    Parameters
    ----------
    operations : str
        ``arithmetic`` (all four) or ``ratios``.
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of the rows that are looked at.
    """

    def __init__(
        self, operations: str = "arithmetic", classification: bool = True, seed: int = 0
    ) -> None:
        self.operations = operations
        self.classification = classification
        self.seed = seed

    def fit(self, X: NDArray[Any], y: NDArray[Any], facts: RowFacts = PLAIN) -> "PairwiseFeatures":
        """Choose the pairs; ``X`` has shape (n_rows, n_columns), NaN allowed."""
        strength = self._strength(X, y, facts)
        order = np.argsort(-strength, kind="stable")[:_STRONGEST]
        candidates = [
            (name, int(first), int(second))
            for first, second in combinations(sorted(order), 2)
            for name in _OPERATIONS[self.operations]
        ]
        self.chosen_: list[Formula] = []
        if candidates:
            made = np.column_stack([combine(X[:, a], name, X[:, b]) for name, a, b in candidates])
            parts = np.array([max(strength[a], strength[b]) for _, a, b in candidates])
            gain = self._strength(made, y, facts) - parts
            best = np.argsort(-gain, kind="stable")[:_ADDED]
            self.chosen_ = [candidates[i] for i in best if gain[i] > 0]
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return ``X`` with the chosen combinations appended."""
        return self.formulas(X.shape[1]).with_made(X)

    def formulas(self, n_columns: int) -> Formulas:
        """Return what is appended to a table of ``n_columns`` columns."""
        return Formulas.plain(n_columns, self.chosen_)

    def _strength(self, X: NDArray[Any], y: NDArray[Any], facts: RowFacts) -> NDArray[Any]:
        return mutual_information(
            X, y, classification=self.classification, weight=facts.weight, seed=self.seed
        )

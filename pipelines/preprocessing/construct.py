"""New features out of pairs of the strongest numeric columns."""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.strength import mutual_information

CONSTRUCTIONS = ("none", "arithmetic", "ratios")

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
        self.chosen_: list[tuple[str, int, int]] = []
        if candidates:
            made = np.column_stack([_combine(X, *candidate) for candidate in candidates])
            parts = np.array([max(strength[a], strength[b]) for _, a, b in candidates])
            gain = self._strength(made, y, facts) - parts
            best = np.argsort(-gain, kind="stable")[:_ADDED]
            self.chosen_ = [candidates[i] for i in best if gain[i] > 0]
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return ``X`` with the chosen combinations appended."""
        return np.column_stack([X, *(_combine(X, *chosen) for chosen in self.chosen_)])

    def _strength(self, X: NDArray[Any], y: NDArray[Any], facts: RowFacts) -> NDArray[Any]:
        return mutual_information(
            X, y, classification=self.classification, weight=facts.weight, seed=self.seed
        )


def _combine(X: NDArray[Any], name: str, first: int, second: int) -> NDArray[Any]:
    """Return one combination, shape (n_rows,)."""
    a, b = X[:, first], X[:, second]
    with np.errstate(all="ignore"):
        if name == "sum":
            made = a + b
        elif name == "difference":
            made = a - b
        elif name == "product":
            made = a * b
        else:
            # A zero divisor: the numerator alone, rather than an infinity.
            made = np.where(b == 0, a, a / np.where(b == 0, 1.0, b))
    return np.clip(made, -1e30, 1e30)

"""Numeric columns: fill in and mark missing values, add features, and scale."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.construct import PairwiseFeatures
from espalier.pipelines.preprocessing.constructed.random_formulas import RandomFormulas
from espalier.pipelines.preprocessing.scaling import make_scaler
from espalier.pipelines.seeds import drawn_rows

# Statistics of a column settle long before this many rows.
_ROWS_FOR_STATISTICS = 20_000
# float32 holds about seven digits; a column whose values differ only beyond them is shifted first.
_DIGITS_AT_RISK = 2.0**-16
_LARGEST = 1e30


class NumericBlock(TransformerMixin, BaseEstimator):
    """Turn numbers with gaps into a float32 matrix.

    Parameters
    ----------
    imputation : str
        ``none`` leaves NaN to the model; ``median`` or ``mean`` fill it in.
    indicator : bool
        Whether each column with gaps gets a 0/1 companion; only where gaps are filled in.
    scaling : str
        See `make_scaler`.
    construction : str
        ``none``, ``random`` (`RandomFormulas`), or which pairs are added (`PairwiseFeatures`).
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of everything random.
    n_made : int
        Most columns that ``random`` adds.
    """

    def __init__(
        self,
        imputation: str = "median",
        indicator: bool = True,
        scaling: str = "standard",
        construction: str = "none",
        classification: bool = True,
        seed: int = 0,
        n_made: int = 100,
    ) -> None:
        self.n_made = n_made
        self.imputation = imputation
        self.indicator = indicator
        self.scaling = scaling
        self.construction = construction
        self.classification = classification
        self.seed = seed

    def fit(self, X: NDArray[Any], y: NDArray[Any], facts: RowFacts = PLAIN) -> "NumericBlock":
        """Learn from ``X`` of shape (n_rows, n_columns), float64 with NaN for missing."""
        self.fit_transform(X, y, facts)
        return self

    def fit_transform(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        facts: RowFacts = PLAIN,
        levels: NDArray[Any] | None = None,
    ) -> NDArray[Any]:
        """Learn from ``X`` and return its float32 matrix.

        ``levels``, shape (n_rows, n_categories), are codes of categories that `RandomFormulas` may
        use beside the numbers; they are not returned.
        """
        missing = np.isnan(X)
        n_missing = missing.sum(axis=0)
        with np.errstate(invalid="ignore"):
            low = np.fmin.reduce(X, axis=0, initial=np.inf)
            high = np.fmax.reduce(X, axis=0, initial=-np.inf)
        varies = low < high
        has_gaps = (n_missing > 0) & (n_missing < len(X))
        # A column with a single value and gaps still says something by its gaps.
        self.keep_ = varies | has_gaps if self.imputation == "none" else varies
        fills = self.imputation != "none"
        self.marked_ = has_gaps if fills and self.indicator else np.zeros_like(has_gaps)

        kept = X[:, self.keep_]
        self.offset_ = _offsets(low[self.keep_], high[self.keep_])
        # Clipped first: the mean of two numbers near the largest float is infinite.
        self.fill_ = self._fill_values(np.clip(kept - self.offset_, -_LARGEST, _LARGEST))
        filled = self._filled(kept)
        self.pairs_: PairwiseFeatures | RandomFormulas | None = None
        beside = _beside(filled, levels)
        if self.construction != "none" and filled.shape[1] and beside.shape[1] >= 2:
            self.pairs_ = self._construction().fit(beside, y, facts)
            filled = self._with_made(filled, beside)
        self.scaler_ = None
        if self.scaling != "none" and filled.shape[1]:
            self.scaler_ = make_scaler(self.scaling, seed=self.seed).fit(filled)
        return self._assemble(filled, missing)

    def transform(self, X: NDArray[Any], levels: NDArray[Any] | None = None) -> NDArray[Any]:
        """Return the float32 matrix of ``X``; with ``levels`` if it was fitted with them."""
        filled = self._filled(X[:, self.keep_])
        if self.pairs_ is not None:
            filled = self._with_made(filled, _beside(filled, levels))
        return self._assemble(filled, np.isnan(X) if self.marked_.any() else None)

    def _with_made(self, filled: NDArray[Any], beside: NDArray[Any]) -> NDArray[Any]:
        """Return the filled numbers with the columns that are made of them and the levels."""
        assert self.pairs_ is not None
        table = self.pairs_.transform(beside)
        n_numbers, n_base = filled.shape[1], beside.shape[1]
        return table if n_numbers == n_base else np.delete(table, range(n_numbers, n_base), axis=1)

    def _construction(self) -> PairwiseFeatures | RandomFormulas:
        if self.construction == "random":
            return RandomFormulas(self.n_made, self.seed)
        return PairwiseFeatures(
            self.construction, classification=self.classification, seed=self.seed
        )

    def _fill_values(self, X: NDArray[Any]) -> NDArray[Any] | None:
        if self.imputation == "none":
            return None
        if len(X) > _ROWS_FOR_STATISTICS:
            X = X[drawn_rows(len(X), _ROWS_FOR_STATISTICS, seed=self.seed)]
        seen = ~np.isnan(X).all(axis=0)
        values = np.zeros(X.shape[1])
        if seen.any():
            average = np.nanmedian if self.imputation == "median" else np.nanmean
            values[seen] = average(X[:, seen], axis=0)
        return values

    def _filled(self, X: NDArray[Any]) -> NDArray[Any]:
        X = np.clip(X - self.offset_, -_LARGEST, _LARGEST)
        return X if self.fill_ is None else np.where(np.isnan(X), self.fill_, X)

    def _assemble(self, filled: NDArray[Any], missing: NDArray[Any] | None) -> NDArray[Any]:
        if self.scaler_ is not None:
            filled = self.scaler_.transform(filled)
        parts = [np.clip(filled, -_LARGEST, _LARGEST).astype(np.float32)]
        if missing is not None and self.marked_.any():
            parts.append(missing[:, self.marked_].astype(np.float32))
        return np.hstack(parts) if len(parts) > 1 else parts[0]


def _beside(filled: NDArray[Any], levels: NDArray[Any] | None) -> NDArray[Any]:
    return filled if levels is None else np.hstack([filled, levels])


def _offsets(low: NDArray[Any], high: NDArray[Any]) -> NDArray[Any]:
    """Return what to subtract from each column so that its values stay distinct in float32."""
    size = np.maximum(np.abs(low), np.abs(high))
    with np.errstate(invalid="ignore", over="ignore"):
        at_risk = (high - low) < size * _DIGITS_AT_RISK
    large_whole = size > 2.0**24
    return np.where((at_risk | large_whole) & np.isfinite(size) & (size < _LARGEST), low, 0.0)

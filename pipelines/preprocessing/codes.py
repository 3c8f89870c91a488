"""Levels of categorical columns as small integers; rare ones share a code."""

import math
import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

# Up to this many rows are looked up one by one.
FEW_ROWS = 64


class CategoryCodes(TransformerMixin, BaseEstimator):
    """Encode category levels as integers, with codes for rare, unseen and missing ones.

    With m levels kept in a column, codes 0..m-1 are these levels in natural order (``a2`` before
    ``a10``), m means rare or never seen, and m+1 means missing.

    Parameters
    ----------
    min_share : float
        Levels below this share of the rows are rare; 0 keeps all.
    max_levels : int
        At most this many levels a column are kept, the most frequent ones.
    """

    def __init__(self, min_share: float = 0.0, max_levels: int = 10_000) -> None:
        self.min_share = min_share
        self.max_levels = max_levels

    def fit(self, X: pd.DataFrame, y: NDArray[Any] | None = None) -> "CategoryCodes":
        """Learn the levels of every column of ``X`` (str or NaN)."""
        del y
        least = max(1, math.ceil(self.min_share * len(X)))
        self.levels_: list[pd.Index] = []
        self.has_rare_ = np.zeros(X.shape[1], dtype=bool)
        self.has_missing_ = np.zeros(X.shape[1], dtype=bool)
        for position, name in enumerate(X.columns):
            counts = X[name].value_counts()
            kept = counts[counts >= least].index[: self.max_levels]
            self.has_rare_[position] = len(kept) < len(counts)
            self.has_missing_[position] = bool(counts.sum() < len(X))
            self.levels_.append(pd.Index(sorted(kept, key=_natural), dtype=object))
        return self

    def transform(self, X: pd.DataFrame | NDArray[Any]) -> NDArray[np.int32]:
        """Return codes, shape (n_rows, n_columns), of a table or an array of its cells."""
        if isinstance(X, np.ndarray):
            return self._looked_up(X)
        if len(X) <= FEW_ROWS:
            return self._looked_up(X.to_numpy(dtype=object))
        codes = np.empty((len(X), len(self.levels_)), dtype=np.int32)
        for position, levels in enumerate(self.levels_):
            # Few distinct values repeat many times: look each up once.
            found, distinct = pd.factorize(X.iloc[:, position].astype(object))
            table = levels.get_indexer(pd.Index(distinct, dtype=object))
            table = np.append(np.where(table < 0, len(levels), table), len(levels) + 1)
            codes[:, position] = table[found]  # factorize marks missing by -1, the last entry
        return codes

    def _looked_up(self, cells: NDArray[Any]) -> NDArray[np.int32]:
        """Look codes up cell by cell, which is quicker for few rows."""
        if not hasattr(self, "_tables"):
            self._tables: list[dict[Any, int]] = [
                {level: code for code, level in enumerate(levels)} for levels in self.levels_
            ]
        codes = np.empty((len(cells), len(self.levels_)), dtype=np.int32)
        for position, table in enumerate(self._tables):
            rare, missing = len(table), len(table) + 1
            codes[:, position] = [
                missing if pd.isna(value) else table.get(value, rare)
                for value in cells[:, position]
            ]
        return codes

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_tables", None)  # quickly made again, and as large as the levels
        return state


def _natural(level: str) -> list[tuple[int, float, str]]:
    """Return a sort key under which numbers within texts compare as numbers."""
    return [
        (0, float(part), "") if part.isdecimal() else (1, 0.0, part)
        for part in re.split(r"(\d+)", level)
        if part
    ]

"""Categorical columns as a numeric matrix."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.codes import CategoryCodes
from espalier.pipelines.preprocessing.scaling import ClippedScaler
from espalier.pipelines.preprocessing.target_means import TargetMeans

ENCODINGS = ("ordinal", "onehot", "target", "native")
CODES = ("ordinal", "native")
"""Encodings that turn each column into one column of codes."""

_MAX_ONEHOT_LEVELS = 60


class CategoricalBlock(TransformerMixin, BaseEstimator):
    """Turn strings of few distinct values into a float32 matrix.

    Parameters
    ----------
    encoding : str
        ``ordinal`` (codes in natural order), ``native`` (the same; the model is told which
        columns they are), ``onehot`` (a 0/1 column per level) or ``target`` (`TargetMeans`).
    rare_share : float
        Levels below this share of the rows are merged into one.
    fill : bool
        Whether missing values get a code of their own instead of NaN (``ordinal`` only).
    scale : bool
        Whether codes and means are standardised.
    classification : bool
        Whether ``y`` holds class codes.
    seed : int
        Seed of everything random.
    """

    def __init__(
        self,
        encoding: str = "onehot",
        rare_share: float = 0.0,
        fill: bool = True,
        scale: bool = False,
        classification: bool = True,
        seed: int = 0,
    ) -> None:
        self.encoding = encoding
        self.rare_share = rare_share
        self.fill = fill
        self.scale = scale
        self.classification = classification
        self.seed = seed

    def fit(self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN) -> "CategoricalBlock":
        """Learn the levels (and their means) of the columns of ``X``."""
        self.fit_transform(X, y, facts)
        return self

    def fit_transform(
        self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN
    ) -> NDArray[Any]:
        """Learn from ``X`` and return its float32 matrix."""
        if self.encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}")
        self.codes_ = CategoryCodes(
            self.rare_share, _MAX_ONEHOT_LEVELS if self.encoding == "onehot" else 10_000
        ).fit(X)
        codes = self.codes_.transform(X)
        self.scaler_ = None
        if self.encoding == "target":
            self.means_ = TargetMeans(self.classification, self.seed)
            encoded = self.means_.fit_transform(codes, y, facts)
        elif self.encoding == "onehot":
            self._choose_onehot()
            return self._onehot(codes)
        else:
            encoded = self._numbers(codes)
        if self.scale and encoded.shape[1]:
            self.scaler_ = ClippedScaler().fit(encoded)
            encoded = self.scaler_.transform(encoded).astype(np.float32)
        return encoded

    def transform(self, X: pd.DataFrame | NDArray[Any]) -> NDArray[Any]:
        """Return the float32 matrix of ``X``, which is a table or an array of its cells."""
        codes = self.codes_.transform(X)
        return self._onehot(codes) if self.encoding == "onehot" else self.encoded(codes)

    def encoded(self, codes: NDArray[Any]) -> NDArray[Any]:
        """Return the float32 numbers of codes, shape (n_rows, n_columns); not for ``onehot``."""
        encoded = (
            self.means_.transform(codes) if self.encoding == "target" else self._numbers(codes)
        )
        if self.scaler_ is not None:
            encoded = self.scaler_.transform(encoded).astype(np.float32)
        return encoded

    def _numbers(self, codes: NDArray[Any]) -> NDArray[Any]:
        numbers = codes.astype(np.float32)
        if self.encoding == "ordinal" and not self.fill:
            missing = np.array([len(levels) + 1 for levels in self.codes_.levels_])
            numbers[codes == missing] = np.nan
        return numbers

    def _choose_onehot(self) -> None:
        """Choose the codes that get a 0/1 column: those that occurred in training."""
        self.onehot_: list[NDArray[Any]] = []
        for position, levels in enumerate(self.codes_.levels_):
            used = list(range(len(levels)))
            if self.codes_.has_rare_[position]:
                used.append(len(levels))
            if self.codes_.has_missing_[position]:
                used.append(len(levels) + 1)
            # Two complementary columns say the same thing twice; one value says nothing.
            self.onehot_.append(np.array(used[1:] if len(used) <= 2 else used, dtype=np.int32))

    def _onehot(self, codes: NDArray[Any]) -> NDArray[Any]:
        parts = [
            (codes[:, position, None] == used).astype(np.float32)
            for position, used in enumerate(self.onehot_)
        ]
        return np.hstack(parts) if parts else np.empty((len(codes), 0), dtype=np.float32)

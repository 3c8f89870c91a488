"""Columns of vectors that a frozen network made, as numbers for a model.

Vectors have a thousand numbers and more, and tables with pictures often fewer rows. Families differ
in what they make of that: a penalised linear model takes them as they are, trees and kernels want a
few directions. Both standardise first, fitted inside the fold as everything else.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.vectors.keyed import Keyed
from espalier.pipelines.seeds import drawn_rows, generator

REDUCTIONS = ("pca", "all")
USES_BESIDE_OTHERS = ("score", "none")
"""What else can be made of pictures beside other columns: what they say of the target
(`espalier.pipelines.preprocessing.vectors.scores`), or nothing."""

WEIGHT = 16.0
"""Variance of a column of vectors together, where it stands beside standardised columns: as much as
so many of them, whatever its length."""
# Standardised values of ReLU outputs have long tails, which would turn single rows into directions.
_FAR = 6.0
# Rows that directions are learned from: of more, they hardly differ, and cost more than the models.
ROWS_OF_DIRECTIONS = 2_000
# Directions are learned once for as many as any configuration asks for, and cut to what is wanted.
MOST_DIRECTIONS = 256
# Of few rows there are fewer: a direction for every fourth row, but so many in any case.
_ROWS_A_DIRECTION, _ANYWAY = 4, 32
_OVERSAMPLING, _ROUNDS = 16, 1
# Up to so many rows their products with each other give the directions sooner than drawn ones.
_FEW_ROWS = 800
# A table of several columns has that many times its folds; each entry has 3 MB at most.
_REMEMBERED = 48
# Of the largest product of rows, below which a smaller one is nothing but float32's rounding.
_ROUNDING = 1e-6

Matrix = NDArray[np.float32]


class VectorColumn(TransformerMixin, BaseEstimator):
    """Turn one column of vectors into numbers.

    Parameters
    ----------
    reduction : str
        ``all`` (every number, standardised) or ``pca`` (principal components of these).
    n_components : int
        Directions of ``pca``, at most `MOST_DIRECTIONS`.
    scale : bool
        Whether the column is to weigh as much as a few standardised columns; trees do not care.
    seed : int
        Seed of everything random.
    weight : float
        Standardised columns that it weighs as much as.
    """

    def __init__(
        self,
        reduction: str = "pca",
        n_components: int = 64,
        scale: bool = True,
        seed: int = 0,
        weight: float = WEIGHT,
    ) -> None:
        self.reduction = reduction
        self.n_components = n_components
        self.scale = scale
        self.seed = seed
        self.weight = weight

    def fit(
        self, X: "pd.Series[Any]", y: NDArray[Any] | None = None, facts: RowFacts = PLAIN
    ) -> "VectorColumn":
        """Learn from a column of vectors or NaN, of which at least one is a vector."""
        del y, facts
        known, vectors = _stacked(X)
        self.has_gaps_ = not known.all()
        self.width_ = vectors.shape[1]
        self.mean_ = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = vectors.std(axis=0, dtype=np.float64).astype(np.float32)
        self.keep_ = np.flatnonzero(spread > 1e-6 * np.maximum(1.0, np.abs(self.mean_)))
        self.spread_ = spread[self.keep_]
        self.directions_: Matrix | None = None
        n_columns = len(self.keep_)
        if self.reduction == "pca" and n_columns:
            n_wanted = max(1, min(self.n_components, MOST_DIRECTIONS, n_columns, len(vectors) - 1))
            standard = self._standard(vectors)
            self.directions_ = _directions(standard, self.seed)[:, :n_wanted]
            total = float((standard @ self.directions_).var(axis=0).sum())
        else:
            total = float(n_columns)
        self.factor_ = float(np.sqrt(self.weight / max(total, 1e-9))) if self.scale else 1.0
        return self

    def transform(self, X: "pd.Series[Any]") -> Matrix:
        """Return the numbers of ``X``, float32; rows without a vector are average ones.

        A last column marks them, if there were such rows in training.
        """
        known, vectors = _stacked(X, getattr(self, "width_", None))
        numbers = self._standard(vectors)
        if self.directions_ is not None:
            numbers = numbers @ self.directions_
        found = np.zeros((len(known), numbers.shape[1] + self.has_gaps_), dtype=np.float32)
        found[known, : numbers.shape[1]] = numbers * self.factor_
        if self.has_gaps_:
            found[~known, -1] = 1.0
        return found

    def _standard(self, vectors: Matrix) -> Matrix:
        kept = (vectors[:, self.keep_] - self.mean_[self.keep_]) / self.spread_
        return np.clip(kept, -_FAR, _FAR, out=kept)


def _stacked(X: "pd.Series[Any]", width: int | None = None) -> tuple[NDArray[np.bool_], Matrix]:
    """Return which rows have a vector, and these vectors, shape (n_known, width)."""
    cells = X.to_numpy()
    known = np.array([isinstance(each, np.ndarray) for each in cells], dtype=bool)
    if not known.any():
        return known, np.zeros((0, width or 0), dtype=np.float32)
    return known, np.stack(list(cells[known])).astype(np.float32)


def _directions(standard: Matrix, seed: int) -> Matrix:
    """Return the principal directions of standardised vectors, shape (n_columns, at most 256).

    Trials of one worker fit the same folds again and again, so the last ones are remembered.
    """
    if len(standard) > ROWS_OF_DIRECTIONS:
        standard = standard[drawn_rows(len(standard), ROWS_OF_DIRECTIONS, seed=seed)]
    return _remembered(Keyed(standard))


@lru_cache(maxsize=_REMEMBERED)
def _remembered(rows: Keyed) -> Matrix:
    """Return principal directions, of few rows exactly, of many by a randomised decomposition.

    N. Halko, P. G. Martinsson, J. A. Tropp, *Finding structure with randomness*, 2011. The random
    start depends on the rows' shape alone, so that what is remembered is what would be computed.
    """
    (standard,) = rows.take()
    centred = standard - standard.mean(axis=0)
    n_rows = len(centred)
    n_wanted = max(_ANYWAY, n_rows // _ROWS_A_DIRECTION)
    n_wanted = min(MOST_DIRECTIONS, n_wanted, *centred.shape)
    if n_rows <= _FEW_ROWS:
        axes = _axes(centred)
    else:
        n_drawn = min(n_wanted + _OVERSAMPLING, *centred.shape)
        start = generator(0, "directions").standard_normal((centred.shape[1], n_drawn))
        basis = np.linalg.qr(centred @ start.astype(np.float32))[0]
        for _ in range(_ROUNDS):
            basis = np.linalg.qr(centred.T @ basis)[0]
            basis = np.linalg.qr(centred @ basis)[0]
        axes = _axes(basis.T @ centred)
    axes = axes[:n_wanted]
    # A direction and its opposite are the same: the largest entry is made positive.
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    return np.ascontiguousarray((axes * np.where(signs == 0, 1, signs)[:, None]).T)


def _axes(short: Matrix) -> Matrix:
    """Return the right singular vectors of a matrix of few rows, the largest first.

    They come from the eigenvectors of the rows' products, which takes a fraction of the time of a
    singular value decomposition. Directions in which rows hardly vary are left out: rounding is
    all that there is of them.
    """
    products = (short @ short.T).astype(np.float64)
    values, turns = np.linalg.eigh(products)
    order = np.argsort(values)[::-1]
    order = order[values[order] > _ROUNDING * max(values[order[0]], 1e-12)]
    scaled = turns[:, order] / np.sqrt(values[order])
    return np.asarray(scaled.T.astype(np.float32) @ short, dtype=np.float32)

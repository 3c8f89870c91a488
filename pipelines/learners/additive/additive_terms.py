"""The terms of an additive model as arrays: what is left of it once it is trained."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_MISSING = 0


@dataclass(frozen=True, slots=True)
class ColumnBins:
    """How a column's values become places in the tables of its terms.

    Place 0 is a missing value, the last one a level that was not seen in training.

    Attributes
    ----------
    cuts : array or None
        Ascending; a number is in the bin above the last cut that is not larger. None for levels.
    levels : mapping of float to int
        The place of each level's code; empty for numbers.
    unseen : int
        Place of other levels.
    """

    cuts: Array | None
    levels: Mapping[float, int]
    unseen: int

    def places(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Return the places of values, shape (n,); NaN is missing."""
        missing = np.isnan(values)
        if self.cuts is not None:
            found = np.searchsorted(self.cuts, values, side="right") + 1
        else:
            known, at = np.unique(values[~missing], return_inverse=True)
            own = np.array([self.levels.get(float(each), self.unseen) for each in known], dtype=int)
            found = np.full(len(values), self.unseen)
            if len(known):
                found[~missing] = own[at.reshape(-1)]
        return np.where(missing, _MISSING, found).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Term:
    """What one column, or a pair of columns, adds to the answer.

    Attributes
    ----------
    columns : tuple of int
        One or two.
    bins : tuple of ColumnBins
        Those of the columns; a pair has coarser ones than its columns have alone.
    scores : array, shape (n_places, ...) or (n_places, n_places, ...)
        What is added; the last axis is that of the classes where there are more than two.
    """

    columns: tuple[int, ...]
    bins: tuple[ColumnBins, ...]
    scores: Array


@dataclass(frozen=True, slots=True)
class AdditiveTerms:
    """An additive model: an intercept and terms, each read from a table.

    Attributes
    ----------
    intercept : array, shape (1,) or (n_classes,)
        Added to every row.
    terms : tuple of Term
        Read for every row, and added up.
    """

    intercept: Array
    terms: tuple[Term, ...]

    def total(self, X: NDArray[Any]) -> Array:
        """Return the sums of all terms for rows of shape (n, d), shape (n,) or (n, n_classes)."""
        X = np.asarray(X, dtype=np.float64)
        width = len(self.intercept)
        total = np.tile(self.intercept, (len(X), 1))
        places: dict[tuple[int, int], NDArray[np.int64]] = {}
        for term in self.terms:
            at = []
            for column, bins in zip(term.columns, term.bins, strict=True):
                key = (column, id(bins))
                if key not in places:
                    places[key] = bins.places(X[:, column])
                at.append(places[key])
            total += term.scores[tuple(at)].reshape(len(X), width)
        return total[:, 0] if width == 1 else total


def terms_of(model: Any, n_nominal: Sequence[int]) -> AdditiveTerms:
    """Return the terms of a fitted explainable boosting machine of `interpret`.

    Parameters
    ----------
    model : ExplainableBoostingClassifier or ExplainableBoostingRegressor
        Fitted.
    n_nominal : sequence of int
        Columns whose values are codes of levels.
    """
    nominal = set(n_nominal)
    made: dict[tuple[int, int], ColumnBins] = {}

    def bins(column: int, order: int) -> ColumnBins:
        offered = model.bins_[column]
        depth = min(order, len(offered)) - 1
        if (column, depth) not in made:
            made[column, depth] = _bins(offered[depth], column in nominal)
        return made[column, depth]

    terms = tuple(
        Term(
            tuple(int(each) for each in columns),
            tuple(bins(int(each), len(columns)) for each in columns),
            np.asarray(scores, dtype=np.float64),
        )
        for columns, scores in zip(model.term_features_, model.term_scores_, strict=True)
    )
    intercept = np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64))
    return AdditiveTerms(intercept, terms)


def _bins(offered: Any, nominal: bool) -> ColumnBins:
    if not nominal:
        return ColumnBins(np.asarray(offered, dtype=np.float64), {}, 0)
    levels = {float(name): int(place) for name, place in offered.items()}
    return ColumnBins(None, levels, max(levels.values(), default=0) + 1)

"""Keys of combinations of columns: rows that agree in a subset of columns have the same key.

Each cell is a whole number; it is mixed to 64 random bits of its own for every column, and the key
of a subset is the sum of its columns' bits. So the keys of many subsets are one product of matrices
for any number of rows. Two different combinations have the same key with a chance of 2**-64.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.seeds import generator

MOST_KEYS = 10_000
"""Keys of a subset that are remembered: the most frequent ones."""
# Constants of the mixer SplitMix64 (Steele, Lea and Flood 2014).
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))


class SubsetKeys(TransformerMixin, BaseEstimator):
    """Turn each subset of columns of whole numbers into one column of codes.

    Of a subset with m remembered keys, codes 0..m-1 are these keys and m is any other.

    Parameters
    ----------
    subsets : sequence of sequences of int
        Positions of the columns of each subset.
    least_repeated : float
        Least share of the rows whose key some other row has too; subsets below it are dropped.
    most_keys : float
        Most keys in units of the rows; subsets above it are dropped.

    Attributes
    ----------
    kept_ : tuple of int
        Positions of the subsets that are left; each has a column of codes.
    """

    def __init__(
        self,
        subsets: Sequence[Sequence[int]],
        least_repeated: float = 0.0,
        most_keys: float = 1.0,
    ) -> None:
        self.subsets = subsets
        self.least_repeated = least_repeated
        self.most_keys = most_keys

    def fit(self, X: NDArray[np.int64], y: NDArray[Any] | None = None) -> "SubsetKeys":
        """Learn the keys of ``X``, shape (n_rows, n_columns)."""
        del y
        rng = generator(0, "subset keys")
        self.salts_ = np.asarray(rng.integers(0, 2**63, size=X.shape[1], dtype=np.int64))
        self.member_ = np.zeros((X.shape[1], len(self.subsets)), dtype=np.uint64)
        for place, subset in enumerate(self.subsets):
            self.member_[list(subset), place] = 1
        keys = self._keys(X)
        kept: list[int] = []
        self.keys_: list[NDArray[np.uint64]] = []
        for place, column in enumerate(keys.T):
            known, counts = np.unique(column, return_counts=True)
            repeated = counts[counts > 1].sum() / max(len(X), 1)
            if (
                len(known) < 2
                or len(known) > self.most_keys * len(X)
                or repeated < self.least_repeated
            ):
                continue
            if len(known) > MOST_KEYS:
                known = np.sort(known[np.argsort(-counts, kind="stable")[:MOST_KEYS]])
            kept.append(place)
            self.keys_.append(known)
        self.kept_ = tuple(kept)
        self.member_ = np.ascontiguousarray(self.member_[:, kept])
        return self

    def transform(self, X: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the codes of ``X``, shape (n_rows, n_kept)."""
        keys = self._keys(X)
        codes = np.empty(keys.shape, dtype=np.int64)
        for place, known in enumerate(self.keys_):
            found = np.searchsorted(known, keys[:, place])
            right = known[np.minimum(found, len(known) - 1)] == keys[:, place]
            codes[:, place] = np.where(right, found, len(known))
        return codes

    def _keys(self, X: NDArray[np.int64]) -> NDArray[np.uint64]:
        if not self.member_.shape[1]:
            return np.zeros((len(X), 0), dtype=np.uint64)
        return np.asarray(_mixed(X, self.salts_) @ self.member_)


def _mixed(X: NDArray[np.int64], salts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return 64 well mixed bits of each cell; the same number has others in other columns."""
    with np.errstate(over="ignore"):
        bits = X.astype(np.int64).view(np.uint64) + salts.view(np.uint64)
        bits = (bits ^ (bits >> _SHIFTS[0])) * _FIRST
        bits = (bits ^ (bits >> _SHIFTS[1])) * _SECOND
        return np.asarray(bits ^ (bits >> _SHIFTS[2]))


class RoundedNumbers(TransformerMixin, BaseEstimator):
    """Numbers as whole multiples of a share of their column's spread, so that near ones are one.

    Parameters
    ----------
    share : float
        The unit, in standard deviations (of a normal column with the same quartiles).
    """

    def __init__(self, share: float = 0.01) -> None:
        self.share = share

    def fit(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> "RoundedNumbers":
        """Learn the units of ``X``, shape (n_rows, n_columns), NaN allowed."""
        del y
        self.units_ = np.ones(X.shape[1])
        for place, column in enumerate(X.T):
            seen = column[np.isfinite(column)]
            if len(seen):
                low, high = np.quantile(seen, [0.25, 0.75])
                with np.errstate(over="ignore"):
                    spread = (high - low) / 1.349 or float(np.std(seen))
                if np.isfinite(spread) and spread > 0:
                    self.units_[place] = self.share * spread
        return self

    def transform(self, X: NDArray[Any]) -> NDArray[np.int64]:
        """Return whole numbers; missing ones have a number of their own."""
        with np.errstate(all="ignore"):
            steps = np.clip(np.rint(X / self.units_), -(2.0**62), 2.0**62)
        return np.where(np.isnan(steps), 2.0**62 + 4096, steps).astype(np.int64)

"""Sort the columns of a feature matrix into what a network treats alike."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST_EMBEDDED = 200
_ROWS_LOOKED_AT = 20_000


@dataclass(frozen=True, slots=True)
class ColumnKinds:
    """Which columns are numbers, which hold two values, and which hold codes.

    Attributes
    ----------
    numbers : array of int
        Columns of more than two values.
    others : array of int
        The rest of the dense columns: marks and one-hot levels.
    middle, spread : array, shape (len(others),)
        Their commoner value, and half the distance of their values.
    codes : array of int
        Columns of level codes 0, 1, ...
    levels : tuple of int
        Codes of each; the last stands for all that are larger than any seen.
    """

    numbers: NDArray[np.intp]
    others: NDArray[np.intp]
    middle: NDArray[np.float32]
    spread: NDArray[np.float32]
    codes: NDArray[np.intp]
    levels: tuple[int, ...]

    @classmethod
    def of(cls, X: NDArray[np.float32], categorical: tuple[int, ...]) -> "ColumnKinds":
        """Return the kinds of the columns of ``X``, shape (n_rows, n_columns), without NaN."""
        dense = np.setdiff1d(np.arange(X.shape[1]), np.array(categorical, dtype=np.intp))
        part = X[:_ROWS_LOOKED_AT]
        low, high = X.min(axis=0), X.max(axis=0)
        several = np.array(
            [bool(((part[:, each] != low[each]) & (part[:, each] != high[each])).any())
             for each in dense],
            dtype=bool,
        )  # fmt: skip
        numbers, others = dense[several], dense[~several]
        common = (part[:, others] == high[others]).mean(axis=0) > 0.5
        codes = np.array(categorical, dtype=np.intp)
        return cls(
            numbers=numbers,
            others=others,
            middle=np.where(common, high[others], low[others]).astype(np.float32),
            spread=np.maximum((high[others] - low[others]) / 2, 1e-6).astype(np.float32),
            codes=codes,
            levels=tuple(int(high[each]) + 2 for each in codes),
        )

    @property
    def n_embedded(self) -> int:
        """Numbers that get a periodic embedding: all, or none where these would be too many."""
        return len(self.numbers) if len(self.numbers) <= _MOST_EMBEDDED else 0

    @property
    def n_plain(self) -> int:
        """Columns that enter the network as they are."""
        return len(self.numbers) + len(self.others) - self.n_embedded

    def split(self, X: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return the dense columns, numbers first, and the codes, each with all rows."""
        marks = (X[:, self.others] - self.middle) / self.spread
        marks /= np.sqrt(1 + np.square(marks / 3))
        dense = np.hstack([X[:, self.numbers], marks]).astype(np.float32, copy=False)
        if not len(self.codes):
            return np.ascontiguousarray(dense), np.zeros((len(X), 0), dtype=np.int64)
        largest = np.array(self.levels, dtype=np.int64) - 1
        codes = np.clip(X[:, self.codes].astype(np.int64), 0, largest)
        return np.ascontiguousarray(dense), codes

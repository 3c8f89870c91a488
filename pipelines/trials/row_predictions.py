"""Predictions of some rows of a table: of a large one only a part is ever validated.

A trial on a table of millions of rows validates some ten thousand of them. Arrays as long as the
table would be nearly all NaN, and fill the memory and the disk with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class RowPredictions:
    """Predictions of the validated rows of a table; those of all others are NaN.

    It is indexed like an array as long as the table: ``predictions[positions]``.

    Attributes
    ----------
    rows : array of int, shape (m,)
        Positions of the validated rows in the table, ascending.
    values : array, shape (m, K) or (m,)
        Their predictions; NaN where the fold that validates a row was not finished.
    n_rows : int
        Rows of the table.
    """

    rows: NDArray[Any] = field(repr=False)
    values: NDArray[np.float32] = field(repr=False)
    n_rows: int

    def __len__(self) -> int:
        return self.n_rows

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array that this stands for."""
        return (self.n_rows, *self.values.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the predictions."""
        return self.values.dtype

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return int(self.rows.nbytes + self.values.nbytes)

    def __getitem__(self, positions: Any) -> NDArray[np.float32]:
        """Return the predictions at these positions of the table, by slice, mask or integers."""
        if isinstance(positions, slice):
            wanted = np.arange(self.n_rows)[positions]
        else:
            wanted = np.asarray(positions)
            if wanted.dtype == bool:
                wanted = np.flatnonzero(wanted)
        found = np.full((len(wanted), *self.values.shape[1:]), np.nan, dtype=self.values.dtype)
        if not len(self.rows):
            return found
        places = np.searchsorted(self.rows, wanted).clip(max=len(self.rows) - 1)
        known = self.rows[places] == wanted
        found[known] = self.values[places[known]]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return an array as long as the table."""
        if copy is False:
            raise ValueError("the array is made anew; it cannot be had without a copy")
        return self[:].astype(self.dtype if dtype is None else dtype)


Predictions = NDArray[Any] | RowPredictions
"""Out-of-fold predictions of a trial: an array as long as the table if all rows are validated."""


def validated_rows(predictions: Predictions) -> NDArray[np.int64]:
    """Return the positions of the rows that have predictions, ascending."""
    if isinstance(predictions, RowPredictions):
        values, rows = predictions.values, predictions.rows
    else:
        values, rows = predictions, np.arange(len(predictions))
    finite = np.isfinite(values)
    return np.asarray(rows[finite if values.ndim == 1 else finite.all(axis=1)], dtype=np.int64)


def common_rows(parts: Sequence[Predictions]) -> NDArray[np.int64]:
    """Return the positions of the rows of which all of these have predictions, ascending."""

    def both(left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.intersect1d(left, right, assume_unique=True)

    return reduce(both, map(validated_rows, parts))

"""The pixels of a table's pictures as one array, for networks."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.data.splitting.inner_folds import PLAIN, RowFacts
from espalier.pipelines.preprocessing.rows import PreparedRows

_GREY = 127


class PixelArrays(TransformerMixin, BaseEstimator):
    """Stack the pixels of all picture columns; missing pictures are grey. Nothing is fitted.

    Parameters
    ----------
    roles : mapping of str to ColumnRole
        Role of each column.

    Attributes
    ----------
    categorical_ : tuple of int
        Empty: no column holds category codes.
    side_ : int
        Side of the pictures.
    """

    def __init__(self, roles: Mapping[str, ColumnRole]) -> None:
        self.roles = roles

    def fit(self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN) -> "PixelArrays":
        """Find the side of the pictures.

        Raises
        ------
        ValueError
            No cell has a picture.
        """
        del y, facts
        cells = (cell for name in self._columns() for cell in X[name] if _is_there(cell))
        first = next(cells, None)
        if first is None:
            raise ValueError("none of these rows has a picture")
        self.side_ = math.isqrt(len(first) // 3)
        self.categorical_: tuple[int, ...] = ()
        return self

    def fit_transform(
        self, X: pd.DataFrame, y: NDArray[Any], facts: RowFacts = PLAIN
    ) -> NDArray[np.uint8]:
        """Return ``fit(X, y, facts).transform(X)``."""
        return self.fit(X, y, facts).transform(X)

    def transform(self, X: pd.DataFrame | PreparedRows) -> NDArray[np.uint8]:
        """Return the colours, shape (n_rows, n_pictures, side, side, 3)."""
        rows = PreparedRows.of(X)
        names = self._columns()
        pixels: NDArray[np.uint8] = rows.once(("pixels", *names), self._stacked)
        return pixels

    def _stacked(self, frame: pd.DataFrame) -> NDArray[np.uint8]:
        names, side = self._columns(), self.side_
        found = np.full((len(frame), len(names), side, side, 3), _GREY, dtype=np.uint8)
        for place, name in enumerate(names):
            for row, cell in enumerate(frame[name].to_numpy()):
                if _is_there(cell):
                    found[row, place] = cell.reshape(side, side, 3)
        return found

    def _columns(self) -> list[str]:
        return [name for name, role in self.roles.items() if role is ColumnRole.PIXELS]


def _is_there(cell: Any) -> bool:
    return isinstance(cell, np.ndarray)

"""The pixels of a table's pictures as one array, for networks."""

import math
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.architectures.role_arrays import RoleArrays
from espalier.pipelines.data.parsing.roles import ColumnRole

_GREY = 127


class PixelArrays(RoleArrays[np.uint8]):
    """Stack the pixels of all picture columns; missing pictures are grey. Nothing is fitted.

    The colours have the shape (n_rows, n_pictures, side, side, 3).

    Attributes
    ----------
    side_ : int
        Side of the pictures.
    """

    role: ClassVar[ColumnRole] = ColumnRole.PIXELS

    def _look(self, X: pd.DataFrame) -> None:
        cells = (cell for name in self._columns() for cell in X[name] if _is_there(cell))
        first = next(cells, None)
        if first is None:
            raise ValueError("none of these rows has a picture")
        self.side_ = math.isqrt(len(first) // 3)

    def _stacked(self, frame: pd.DataFrame) -> NDArray[np.uint8]:
        names, side = self._columns(), self.side_
        found = np.full((len(frame), len(names), side, side, 3), _GREY, dtype=np.uint8)
        for place, name in enumerate(names):
            for row, cell in enumerate(frame[name].to_numpy()):
                if _is_there(cell):
                    found[row, place] = cell.reshape(side, side, 3)
        return found


def _is_there(cell: Any) -> bool:
    return isinstance(cell, np.ndarray)

"""The table of prepared features, made of the cells of its columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.roles import ColumnRole


def frames_of(
    cells: Mapping[str, NDArray[Any]], roles: Mapping[str, ColumnRole], n_rows: int
) -> list[pd.DataFrame]:
    """Return prepared cells as two tables: numbers and dates; strings and vectors as objects."""
    index = pd.RangeIndex(n_rows)
    words = {
        name
        for name in cells
        if roles[name] in (ColumnRole.CATEGORICAL, ColumnRole.TEXT) or roles[name].is_array
    }
    texts = [name for name in cells if name in words]
    others = {name: values for name, values in cells.items() if name not in words}
    block = np.empty((n_rows, len(texts)), dtype=object, order="F")
    for position, name in enumerate(texts):
        block[:, position] = cells[name]
    return [
        pd.DataFrame(others, index=index, columns=list(others)),
        pd.DataFrame(block, index=index, columns=texts, dtype=object),
    ]


def side_by_side(frames: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """Join tables of the same rows and return their columns in the given order."""
    parts = [frame for frame in frames if frame.shape[1]]
    joined = parts[0] if len(parts) == 1 else pd.concat(parts, axis=1)
    return joined if list(joined.columns) == list(columns) else joined[list(columns)]

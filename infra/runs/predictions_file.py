"""The file of a trial's out-of-fold predictions: one NumPy file, which can be memory-mapped.

Where the folds validate every row, it is a plain array in the order of the table; files of before
0.2 always are. Otherwise it is a record for each validated row: its position and its prediction.
The name of the first field says how many rows the table has.
"""

from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.trials.row_predictions import Predictions, RowPredictions

_ROW, _VALUE = "row of ", "prediction"


def write_predictions(file: IO[bytes], predictions: Predictions) -> None:
    """Write predictions to an open file."""
    if not isinstance(predictions, RowPredictions):
        np.save(file, predictions)
        return
    rows, values = predictions.rows, predictions.values
    row = f"{_ROW}{predictions.n_rows}"
    table = np.empty(len(rows), dtype=[(row, rows.dtype), (_VALUE, values.dtype, values.shape[1:])])
    table[row], table[_VALUE] = rows, values
    np.save(file, table)


def open_predictions(path: Path) -> Predictions:
    """Return the predictions in a file, memory-mapped and read-only.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    """
    table = np.load(path, mmap_mode="r", allow_pickle=False)
    if table.dtype.names is None:
        return cast(NDArray[np.float32], table)
    row = table.dtype.names[0]
    # Every look-up searches the positions, so they are read at once.
    return RowPredictions(np.array(table[row]), table[_VALUE], int(row.removeprefix(_ROW)))

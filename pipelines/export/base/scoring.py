"""Score raw rows with an exported ONNX file, by onnxruntime alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.errors import UserError
from espalier.pipelines.frozen.network import new_session

_BATCH_ROWS = 512


def feeds(prepared: pd.DataFrame, preparation: Preparation) -> dict[str, NDArray[Any]]:
    """Return prepared rows as the file's inputs, shape (n_rows, 1) each.

    Parameters
    ----------
    prepared : DataFrame
        What ``preparation.apply`` returned for raw rows.
    preparation : Preparation
        How they were prepared.
    """
    made: dict[str, NDArray[Any]] = {}
    for name, role in preparation.roles.items():
        column = prepared[name]
        if role.is_date:
            cells = (pd.DatetimeIndex(column) - pd.Timestamp(0)).total_seconds()
            made[name] = np.asarray(cells, dtype=np.float64)[:, None]
        elif pd.api.types.is_numeric_dtype(column.dtype):
            made[name] = column.to_numpy(dtype=np.float64)[:, None]
        else:
            made[name] = column.fillna("").to_numpy(dtype=object)[:, None]
    return made


def session(model: bytes | str | Path) -> Any:
    """Open a file, or its bytes, for scoring on one thread.

    Raises
    ------
    UserError
        onnxruntime is not installed.
    """
    try:
        return new_session(model if isinstance(model, bytes) else str(model))
    except ImportError:
        raise UserError(
            "onnxruntime is not installed; install espalier[export] to export models"
        ) from None


def score(opened: Any, inputs: dict[str, NDArray[Any]], names: list[str]) -> list[NDArray[Any]]:
    """Return the named outputs for all rows, a few hundred rows at a time."""
    n_rows = len(next(iter(inputs.values())))
    parts = [
        opened.run(
            names, {key: cells[start : start + _BATCH_ROWS] for key, cells in inputs.items()}
        )
        for start in range(0, n_rows, _BATCH_ROWS)
    ]
    return [np.concatenate(each) for each in zip(*parts, strict=True)]

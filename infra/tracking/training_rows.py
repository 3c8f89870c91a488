"""The rows of a training run, stored as artifacts so that models can be compared fairly later.

    rows/keys.npz          keys of training and hold-out rows, and the columns they are made from
    rows/holdout.parquet   raw rows of the hold-out, target included; a sample of a large one

Two models are compared on rows that neither was trained on. The keys tell which rows these are; the
hold-outs are used if no newer rows are given.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.parsing.readings import is_plain_number
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.data.row_keys import SCHEME
from espalier.pipelines.lifecycle.promotion.unseen_rows import TrainingRows

__all__ = ["TrainingRows", "log_training_rows", "read_training_rows", "write_any_parquet"]


FOLDER = "rows"
KEYS_FILE = "keys.npz"
HOLDOUT_FILE = "holdout.parquet"

# Arrow's kinds that come back from Parquet as they were; a list, say, comes back as an array.
_HELD = (
    "null",
    "boolean",
    "integer",
    "floating",
    "decimal",
    "string",
    "large_string",
    "timestamp",
    "date",
)


def log_training_rows(tracking: Tracking, run_id: str, kept: TrainingRows) -> None:
    """Log the rows to the run, replacing earlier ones."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        np.savez(
            place / KEYS_FILE,
            scheme=np.array(SCHEME),
            columns=np.array(kept.columns, dtype=np.str_),
            trained=kept.trained,
            held_out=kept.held_out,
        )
        if kept.holdout is not None:
            write_any_parquet(kept.holdout, place / HOLDOUT_FILE)
        tracking.log_file(run_id, place, FOLDER)


def read_training_rows(settings: Settings, run_id: str) -> TrainingRows | None:
    """Return the rows of a training run; None if there are none or they have another format."""
    from mlflow.exceptions import MlflowException

    client = make_client(settings)
    with tempfile.TemporaryDirectory() as scratch, store_errors(settings.mlflow_uri):
        try:
            names = {entry.path for entry in client.list_artifacts(run_id, FOLDER)}
            if f"{FOLDER}/{KEYS_FILE}" not in names:
                return None
            place = Path(client.download_artifacts(run_id, FOLDER, scratch))
        except (MlflowException, OSError) as error:
            if getattr(error, "error_code", "") in ("TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR"):
                raise
            return None
        with np.load(place / KEYS_FILE, allow_pickle=False) as file:
            if int(file["scheme"]) != SCHEME:
                return None
            columns = tuple(str(name) for name in file["columns"])
            trained, held_out = file["trained"], file["held_out"]
        holdout = place / HOLDOUT_FILE
        return TrainingRows(
            columns=columns,
            trained=trained,
            held_out=held_out,
            holdout=pd.read_parquet(holdout) if holdout.exists() else None,
        )


def write_any_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write any table as Parquet: unsupported columns as text, names made unique and text."""
    import pyarrow as pa
    from pyarrow import parquet

    named = with_unique_names(table)
    columns = [_arrow(named[name]) for name in named.columns]
    parquet.write_table(pa.table(columns, names=list(named.columns)), path)


def _arrow(series: "pd.Series[Any]") -> Any:
    """Return the column as an Arrow array, as text if Arrow or Parquet has no type for it."""
    import pyarrow as pa

    if isinstance(series.dtype, np.dtype) and not series.dtype.isnative:
        series = series.astype(series.dtype.newbyteorder("="))
    size = getattr(series.dtype, "itemsize", 0)
    if is_plain_number(series.dtype) and size in (1, 4, 8):  # no half floats
        return pa.array(series.to_numpy(), from_pandas=True)  # of a wide table, most columns
    try:
        array = pa.Array.from_pandas(series)
        kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
        if any(getattr(pa.types, f"is_{name}")(kind) for name in _HELD):
            return array
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass
    texts = read_text_cells(series).to_objects()
    return pa.array([text if isinstance(text, str) else None for text in texts], pa.string())

"""A hash that names a table by its content."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.data.parsing.text_cells import read_text_cells


def fingerprint(table: pd.DataFrame) -> str:
    """Return sixteen hexadecimal digits that depend on names, dtypes, cells and row order.

    The index and the memory layout do not matter.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Any table; cells may be unhashable.
    """
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{len(table)} rows".encode())
    for position, name in enumerate(table.columns):
        series = table.iloc[:, position]
        digest.update(f"\x1f{name!r}\x1f{_dtype_name(series)}\x1f".encode())
        _update(digest, series)
    return digest.hexdigest()


def _update(digest: "hashlib.blake2b", series: "pd.Series[Any]") -> None:
    """Add the cells of a column to the digest."""
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iufbcmM":
        values = series.to_numpy()
        if dtype.kind == "f":
            if dtype.itemsize > 8:  # the bytes of a long double that hold nothing are anything
                with np.errstate(over="ignore"):
                    values = values.astype(np.float64)
            values = values + 0.0  # -0.0 becomes 0.0
            values[np.isnan(values)] = np.nan  # one NaN of the many bit patterns
        digest.update(np.ascontiguousarray(values).view(np.uint8).data)
        return
    cells = read_text_cells(series)
    digest.update(np.ascontiguousarray(cells.codes).view(np.uint8).data)
    digest.update("\x1e".join(cells.values).encode("utf-8", errors="surrogatepass"))


def _dtype_name(series: "pd.Series[Any]") -> str:
    """Return the name of a dtype; all dtypes of text have the same name."""
    if pd.api.types.is_string_dtype(series.dtype) or pd.api.types.is_object_dtype(series.dtype):
        return "text"
    return str(series.dtype)

"""Paths of pictures in tables: made absolute when a table is read.

They start from the folder of the table's file, or from the one that the user names; absolute, they
mean the same from then on, in this process and in others.
"""

import os
from pathlib import Path

import pandas as pd

from espalier.infra.access.form_limits import require_readable_file
from espalier.infra.access.origin import current_origin
from espalier.infra.settings import load_settings
from espalier.infra.tables.workbooks.names import split_sheet
from espalier.pipelines.errors import UserError
from espalier.pipelines.images.cells import first_cells, looks_like_path

_LOOKED_AT = 50


def folder_of(source: str) -> str | None:
    """Return the folder that paths in a local table start from; None for any other source."""
    path, _ = split_sheet(source)
    if "://" in path or not os.path.exists(path):
        return None
    place = Path(path).absolute()
    return str(place if place.is_dir() else place.parent)


def with_absolute_paths(table: pd.DataFrame, root: str | None) -> pd.DataFrame:
    """Return a table with the paths of existing pictures made absolute.

    Parameters
    ----------
    table : DataFrame
        Rows as they were read.
    root : str or None
        Folder or zip archive that relative paths start from; None to leave all as they are.

    Notes
    -----
    For whoever may not read every file (a form), paths to elsewhere become missing cells.
    """
    if root is None:
        return table
    base = Path(root).absolute()
    found = {}
    for position in range(table.shape[1]):
        column = table.iloc[:, position]
        if not (
            pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype)
        ):
            continue
        some = first_cells(column, _LOOKED_AT)
        if len(some) and sum(map(looks_like_path, some)) > len(some) / 2:
            found[position] = [_absolute(cell, base) for cell in column]
    if not found:
        return table
    table = table.copy()
    for position, cells in found.items():
        table.isetitem(position, pd.Series(cells, dtype=object).to_numpy())
    return table


def _absolute(cell: object, base: Path) -> object:
    if not isinstance(cell, str) or not looks_like_path(cell) or cell.startswith("data:"):
        return cell
    place = base / cell.strip().replace("\\", "/")
    if current_origin().is_form:
        try:
            require_readable_file(str(place), load_settings())
        except UserError:
            return None
    try:
        is_there = place.exists() or base.suffix.lower() == ".zip"
    except (OSError, ValueError):  # too long, or a null character
        return cell
    return str(place) if is_there else cell

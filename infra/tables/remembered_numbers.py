"""Numbers of a later text table, read as a model's training had them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.cell_display import quoted_cell
from espalier.pipelines.data.parsing.decimal_signs import (
    SignEvidence,
    shared_decimal,
    sign_evidence,
)
from espalier.pipelines.data.parsing.numbers import NumberStyle, parse_numbers
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.errors import UserError


def decide_signs(
    columns: Mapping[str, SignEvidence], styles: Mapping[str, NumberStyle], shown: str
) -> dict[str, str]:
    """Return the decimal sign of columns of a later file that tell or are told one.

    Parameters
    ----------
    columns : mapping of str to SignEvidence
        What all cells of each column tell.
    styles : mapping of str to NumberStyle
        How a model's training had its columns.
    shown : str
        Name of the file, for messages.

    Raises
    ------
    UserError
        A column reads both ways, and nothing tells which is meant.
    """
    shared = shared_decimal(columns.values())
    found = {}
    for name, told in columns.items():
        if told != SignEvidence() and not told.is_contradictory:
            found[name] = told.decimal or remembered_decimal(
                name, told.either, shared, styles[name], shown
            )
    return found


def remembered_decimal(
    name: str, either: str, shared: str | None, style: NumberStyle, shown: str
) -> str:
    """Return the decimal sign of a column that reads both ways, as it was in the training.

    Parameters
    ----------
    name : str
        The column.
    either : str
        One of its texts that read both ways.
    shared : str or None
        Decimal sign of the file's other columns; None if they do not tell.
    style : NumberStyle
        How the training had the column.
    shown : str
        Name of the file, for messages.

    Raises
    ------
    UserError
        The rest of the file has another one, or the training had no such numbers.
    """
    # Where the training had plain numbers, a point was the decimal one; a comma was nothing.
    certain = style.settles(either)
    if certain and shared in (None, style.decimal):
        return style.decimal
    if not certain and shared is not None:
        return shared
    why = (
        "nothing tells which is meant"
        if not certain
        else "the training and the rest of the file tell two different things"
    )
    raise UserError(
        f"column {name!r} of {shown} holds {quoted_cell(either)!r}, which may be read with a "
        f"decimal comma or with a decimal point, and {why}; write it without marks for thousands "
        "and with a decimal point"
    )


def as_numbers(series: "pd.Series[Any]", decimal: str, style: NumberStyle) -> "pd.Series[Any]":
    """Return a column of texts as numbers with the given decimal sign."""
    cells = read_text_cells(series)
    values = parse_numbers(cells.values, replace(style, decimal=decimal))
    return pd.Series(cells.spread(values, np.nan), index=series.index, name=series.name)


def gather_evidence(
    chunks: Iterable[pd.DataFrame],
    enough: Callable[[Iterable[SignEvidence]], bool] | None = None,
) -> dict[str, SignEvidence]:
    """Return what the columns of text of a file that is read in chunks tell.

    The file is read as far as ``enough`` says of what was found so far; None for all of it.
    """
    found: dict[str, SignEvidence] = {}
    for chunk in chunks:
        for name in chunk.columns:
            told = sign_evidence(read_text_cells(chunk[name]).values)
            found[str(name)] = found.get(str(name), SignEvidence()).with_more(told)
        if enough is not None and enough(found.values()):
            break
    return found

"""Numbers in text tables: by one notation for a whole column, told by the whole file.

pandas reads numbers with a decimal point. Columns whose numbers have a decimal comma come back as
text, or as wrong numbers: ``1.050`` for one thousand and fifty is 1.05 to it. These are read here.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.cell_display import quoted_cell
from espalier.pipelines.data.parsing.column_names import unique_names
from espalier.pipelines.data.parsing.decimal_signs import (
    COMMA,
    DECIMAL,
    NOTES,
    POINT,
    SignEvidence,
    column_evidence,
    could_be_thousands,
    holds_texts,
    points_group,
    shared_decimal,
    sign_evidence,
)
from espalier.pipelines.data.parsing.numbers import (
    NumberStyle,
    detect_number_style,
    is_absent,
    parse_numbers,
)
from espalier.pipelines.data.parsing.text_cells import TextCells, read_text_cells
from espalier.pipelines.errors import UserError

_PLAIN = re.compile(r"[-+\u2212]?[\d.,'\u2019\s]+")
_FRACTION = SignEvidence(point="0.5")


@dataclass(frozen=True, slots=True)
class _Written:
    """A column whose numbers may have a decimal comma: its texts, and what they tell."""

    cells: TextCells
    told: SignEvidence


def settle_numbers(
    table: pd.DataFrame,
    parse: Callable[..., pd.DataFrame],
    *,
    delimiter: str,
    styles: Mapping[str, NumberStyle],
    shown: str,
) -> pd.DataFrame:
    """Return a table with numbers for columns of numbers that have a decimal comma.

    Parameters
    ----------
    table : DataFrame
        What pandas read. Its attributes `DECIMAL` and `NOTES` are set.
    parse : callable
        Reads the file again, with options of `pandas.read_csv`.
    delimiter : str
        Character between fields.
    styles : mapping of str to NumberStyle
        How a model's training had its columns; empty in a training.
    shown : str
        Name of the file, for messages.

    Raises
    ------
    UserError
        A column of ``styles`` reads both ways, and nothing tells which is meant.
    """
    names = unique_names(table.columns)
    written: dict[int, _Written] = {}
    points: list[SignEvidence] = []
    doubtful: list[int] = []
    for position, dtype in enumerate(table.dtypes):
        series = table.iloc[:, position]
        if holds_texts(dtype):
            cells = read_text_cells(series)
            told = column_evidence(cells)
            if told != SignEvidence():
                written[position] = _Written(cells, told)
        elif isinstance(dtype, np.dtype) and dtype.kind == "f":
            numbers = series.to_numpy()
            if could_be_thousands(numbers):
                doubtful.append(position)
            elif (numbers[np.isfinite(numbers)] % 1 != 0).any():
                points.append(_FRACTION)
    evidence = [*points, *(each.told for each in written.values())]
    has_comma = any(each.comma or COMMA in each.either for each in evidence)
    remembered = any(style.decimal == COMMA for style in styles.values())
    silent = delimiter != COMMA and not any(each.point for each in evidence)
    if doubtful and (has_comma or remembered or silent):
        texts = parse(usecols=doubtful, dtype=str)
        for at, position in enumerate(sorted(doubtful)):
            cells = read_text_cells(texts.iloc[:, at])
            written[position] = _Written(cells, sign_evidence(cells.values))
    shared = shared_decimal([*points, *(each.told for each in written.values())])
    notes = []
    for position in sorted(written):
        name, column = names[position], written[position]
        decimal, note = _decimal(name, column, shared, styles.get(name), delimiter, shown)
        if decimal == COMMA:
            numbers = _with_comma(column.cells)
            if numbers is None:
                continue
            table.isetitem(position, numbers)
            shared = shared or COMMA
        if note and (decimal == COMMA or position in doubtful):
            notes.append(note)
    table.attrs[DECIMAL] = shared
    table.attrs[NOTES] = (*table.attrs.get(NOTES, ()), *notes)
    return table


def decide_signs(
    columns: Mapping[str, SignEvidence], styles: Mapping[str, NumberStyle], shown: str
) -> dict[str, str]:
    """Return the decimal sign of columns of a later file that tell or are told one.

    Parameters
    ----------
    columns : mapping of str to SignEvidence
        What all cells of each column tell.
    styles, shown
        As for `settle_numbers`.

    Raises
    ------
    UserError
        As for `settle_numbers`.
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

    Raises
    ------
    UserError
        The rest of the file has another one, or the training had no such numbers.
    """
    # Where the training had plain numbers, a point was the decimal one; a comma was nothing.
    certain = style.is_certain or COMMA not in either
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
        f"column {name!r} of {shown} holds {either!r}, which may be read with a decimal comma or "
        f"with a decimal point, and {why}; write it without marks for thousands and with a "
        "decimal point"
    )


def as_numbers(series: "pd.Series[Any]", decimal: str, style: NumberStyle) -> "pd.Series[Any]":
    """Return a column of texts as numbers with the given decimal sign."""
    cells = read_text_cells(series)
    values = parse_numbers(cells.values, replace(style, decimal=decimal))
    return pd.Series(cells.spread(values, np.nan), index=series.index, name=series.name)


def gather_evidence(chunks: Iterable[pd.DataFrame]) -> dict[str, SignEvidence]:
    """Return what the columns of text of a file that is read in chunks tell."""
    found: dict[str, SignEvidence] = {}
    for chunk in chunks:
        for name in chunk.columns:
            told = sign_evidence(read_text_cells(chunk[name]).values)
            found[str(name)] = found.get(str(name), SignEvidence()).with_more(told)
    return found


def _decimal(
    name: str,
    column: _Written,
    shared: str | None,
    style: NumberStyle | None,
    delimiter: str,
    shown: str,
) -> tuple[str | None, str | None]:
    """Return the decimal sign of a column, and a note where it is a guess."""
    told = column.told
    if told.decimal is not None or told.is_contradictory or not told.either:
        return told.decimal, None
    if style is not None:
        return remembered_decimal(name, told.either, shared, style, shown), None
    if shared is not None:
        return shared, None
    if delimiter == COMMA:
        return POINT, None
    # Programs put semicolons between fields where the comma is taken.
    is_comma = points_group(column.cells.values) if POINT in told.either else delimiter == ";"
    decimal = COMMA if is_comma else POINT
    sign = "comma" if is_comma else "point"
    return decimal, (
        f"column {name!r} has numbers such as {quoted_cell(told.either)!r} that read both ways, "
        f"and nothing tells which is meant; the decimal {sign} is taken"
    )


def _with_comma(cells: TextCells) -> Any:
    """Return the numbers of a column, shape (n_rows,); None if it holds anything else.

    Units, currencies and words stay in the table: they are read where a column's role is decided.
    """
    style = detect_number_style(cells.values, cells.counts, COMMA)
    if style is None or not all(
        _PLAIN.fullmatch(value) or is_absent(value) for value in cells.values
    ):
        return None
    return cells.spread(parse_numbers(cells.values, style), np.nan)

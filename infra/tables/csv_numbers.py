"""Numbers in text tables: by one notation for a whole column, told by the whole file.

pandas reads numbers with one decimal sign. Columns whose numbers have the other one come back as
text, or as wrong numbers: ``1.050`` for one thousand and fifty is 1.05 to it. These are read here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from espalier.infra.tables.csv_dialect import CsvDialect
from espalier.infra.tables.remembered_numbers import remembered_decimal
from espalier.pipelines.cell_display import quoted_cell
from espalier.pipelines.data.parsing.column_names import unique_names
from espalier.pipelines.data.parsing.decimal_signs import (
    COMMA,
    DECIMAL,
    MARKED,
    NOTES,
    POINT,
    SignEvidence,
    are_whole,
    column_evidence,
    could_be_thousands,
    holds_texts,
    may_be_numbers,
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

_PLAIN = re.compile(r"[-+\u2212]?[\d.,'\u2019\s]+")
_OTHER = {COMMA: POINT, POINT: COMMA}
_HEAD = 1000
"""Rows whose texts mostly tell how the numbers of a column are written."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A column whose numbers may have either decimal sign: its texts, and what they tell."""

    cells: TextCells
    told: SignEvidence


@dataclass(slots=True)
class _Columns:
    """What the columns of a table, by position, say about their numbers.

    `written` are texts that hold numbers, `told` is what numbers tell that pandas could read, and
    `doubtful` are such numbers whose signs may have grouped thousands. Of the latter `rounded` are
    all whole, and `marked` were written with a sign nevertheless, as in ``34.000``.
    """

    written: dict[int, _Written] = field(default_factory=dict)
    told: list[SignEvidence] = field(default_factory=list)
    doubtful: list[int] = field(default_factory=list)
    rounded: set[int] = field(default_factory=set)
    marked: set[int] = field(default_factory=set)

    @property
    def evidence(self) -> list[SignEvidence]:
        """All that is told."""
        return [*self.told, *(each.told for each in self.written.values())]


def settle_numbers(
    table: pd.DataFrame,
    parse: Callable[..., pd.DataFrame],
    *,
    dialect: CsvDialect,
    styles: Mapping[str, NumberStyle],
    shown: str,
) -> pd.DataFrame:
    """Return a table with numbers for columns of numbers whatever their decimal sign is.

    Parameters
    ----------
    table : DataFrame
        What pandas read with the decimal sign of ``dialect``. Its attributes `DECIMAL`, `NOTES`
        and `MARKED` are set.
    parse : callable
        Reads the file again, with options of `pandas.read_csv`.
    dialect : CsvDialect
        How the file is written.
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
    base = dialect.decimal
    columns = _look_at(table, base)
    if columns.doubtful:
        known = {at: styles[name] for at, name in enumerate(names) if name in styles}
        _read_doubtful(columns, table, parse, dialect, known)
    shared = shared_decimal(columns.evidence)
    notes = []
    for position, column in sorted(columns.written.items()):
        name, was_read = names[position], position in columns.doubtful
        decimal, note = _decimal(name, column, shared, styles.get(name), dialect.delimiter, shown)
        if decimal is None:
            continue
        changes = decimal != base if was_read else COMMA in (decimal, base)
        if changes:
            numbers = _plain_numbers(column.cells, decimal)
            if numbers is None:
                continue
            table.isetitem(position, numbers)
        if decimal == COMMA:
            shared = shared or COMMA
        if note and (changes or was_read):
            notes.append(note)
    table.attrs[DECIMAL] = shared
    table.attrs[NOTES] = (*table.attrs.get(NOTES, ()), *notes)
    table.attrs[MARKED] = tuple(names[position] for position in sorted(columns.marked))
    return table


def _look_at(table: pd.DataFrame, base: str) -> _Columns:
    """Return what the columns of a table say that was read with the decimal sign ``base``."""
    columns = _Columns()
    for position, dtype in enumerate(table.dtypes):
        series = table.iloc[:, position]
        if holds_texts(dtype):
            if may_be_numbers(series):
                cells = read_text_cells(series)
                told = column_evidence(cells)
                if told != SignEvidence():
                    columns.written[position] = _Written(cells, told)
        elif isinstance(dtype, np.dtype) and dtype.kind == "f":
            numbers = series.to_numpy()
            if are_whole(numbers):
                columns.rounded.add(position)
                columns.doubtful.append(position)
            elif could_be_thousands(numbers):
                columns.doubtful.append(position)
            else:
                columns.told.append(SignEvidence.certain(base))
    return columns


def _read_doubtful(
    columns: _Columns,
    table: pd.DataFrame,
    parse: Callable[..., pd.DataFrame],
    dialect: CsvDialect,
    styles: Mapping[int, NumberStyle],
) -> None:
    """Read the texts of doubtful columns where they may matter, and add what they tell."""
    base, other = dialect.decimal, _OTHER[dialect.decimal]
    evidence = columns.evidence
    # Programs put semicolons between fields where the comma is taken.
    silent = dialect.delimiter != COMMA and not any(each.says(base) for each in evidence)
    matters = (
        silent
        or any(each.says(other) or other in each.either for each in evidence)
        or any(style.decimal == other for style in styles.values())
    )
    examined = {at for at in columns.doubtful if matters or (at in styles and styles[at].is_whole)}
    # Where cells are missing, whole numbers are floats that may have had no sign at all.
    unsure = {at for at in columns.rounded if table.iloc[:, at].hasnans}
    columns.marked |= columns.rounded - unsure
    peeked = sorted(set(columns.doubtful) if examined else unsure)
    columns.doubtful = []
    if not peeked:
        return
    head = parse(usecols=peeked, dtype=str, nrows=_HEAD)
    for at, position in enumerate(peeked):
        told = sign_evidence(read_text_cells(head.iloc[:, at]).values)
        if position in columns.rounded and told != SignEvidence():
            columns.marked.add(position)
        if told.says(base):
            columns.told.append(told)
        elif position in examined and (matters or position not in unsure - columns.marked):
            columns.doubtful.append(position)
    if not columns.doubtful:
        return
    texts = parse(usecols=columns.doubtful, dtype=str)
    for at, position in enumerate(columns.doubtful):
        cells = read_text_cells(texts.iloc[:, at])
        told = sign_evidence(cells.values)
        if told != SignEvidence():
            columns.written[position] = _Written(cells, told)
            columns.marked |= columns.rounded & {position}


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


def _plain_numbers(cells: TextCells, decimal: str) -> Any:
    """Return the numbers of a column, shape (n_rows,); None if it holds anything else.

    Units, currencies and words stay in the table: they are read where a column's role is decided.
    """
    style = detect_number_style(cells.values, cells.counts, decimal)
    if style is None or not all(
        _PLAIN.fullmatch(value) or is_absent(value) for value in cells.values
    ):
        return None
    return cells.spread(parse_numbers(cells.values, style), np.nan)

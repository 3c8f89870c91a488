"""Read a text table as its author meant it: whole rows, numbers by one notation, exact labels."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from espalier.infra.tables.csv_dialect import CsvDialect, sniff
from espalier.infra.tables.csv_numbers import settle_numbers
from espalier.infra.tables.line_widths import CheckedLines
from espalier.infra.tables.opening import open_bytes
from espalier.pipelines.data.parsing.column_names import unique_names
from espalier.pipelines.data.parsing.decimal_signs import NOTES, holds_texts
from espalier.pipelines.data.parsing.numbers import NumberStyle, detect_number_style
from espalier.pipelines.data.parsing.text_cells import read_text_cells
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact_source

WORDS_FOR_NOTHING = ("NA", "N/A", "n/a", "None", "NULL", "null")
"""Words that pandas reads as missing, and that may as well be the name of a class."""
_WHOLE = re.compile(r"-?\d+")
_CODE = re.compile(r"\+|-?0\d")
_MOST_LABELS = 1000
"""Distinct numbers beyond which a target is a quantity."""

Parse = Callable[..., pd.DataFrame]


def read_csv(
    source: str,
    *,
    tabbed: bool,
    target: str | None = None,
    styles: Mapping[str, NumberStyle] | None = None,
) -> pd.DataFrame:
    """Return the rows of a file or URL.

    Parameters
    ----------
    source : str
        Path or URL.
    tabbed : bool
        Whether fields are separated by tabs, as the ending of the file says.
    target : str or None
        Column of labels, which are kept exactly: ``NA`` among other words is a label, and whole
        numbers stay whole beside missing cells.
    styles : mapping of str to NumberStyle, optional
        How a model's training had the numbers of its columns, for columns that do not tell.

    Raises
    ------
    UserError
        A row has more or fewer fields than the header, the file is cut off, the header is there
        twice, or numbers read both ways and nothing tells which is meant.
    """
    dialect = sniff(source, tabbed=tabbed)

    def parse(**options: Any) -> pd.DataFrame:
        options = {"decimal": dialect.decimal} | options
        for encoding in dialect.encodings:
            try:
                with opened_csv(source, dialect, encoding) as file:
                    return parse_csv(file, dialect, encoding, **options)
            except UnicodeDecodeError:
                if encoding == dialect.encodings[-1]:
                    raise
        raise AssertionError("unreachable: the last encoding returns or raises")

    table = parse()
    refuse_second_header(table, repr(redact_source(source)))
    if target is not None:
        table = _with_exact_labels(table, target, parse)
    return settle_numbers(
        table, parse, dialect=dialect, styles=styles or {}, shown=repr(redact_source(source))
    )


def parse_csv(file: Any, dialect: CsvDialect, encoding: str, **options: Any) -> Any:
    """Parse an open file by pandas; by default numbers without a decimal point stay text."""
    return pd.read_csv(
        file,
        sep=dialect.delimiter,
        encoding=encoding,
        index_col=False,
        low_memory=False,
        skiprows=dialect.n_skipped,
        **options,
    )


@contextmanager
def opened_csv(source: str, dialect: CsvDialect, encoding: str) -> Iterator[CheckedLines]:
    """Context manager that opens a text table and checks the widths of the rows that are read.

    Raises
    ------
    UserError
        A row does not fit.
    """
    with open_bytes(source) as raw:
        file = CheckedLines(
            raw,
            delimiter=dialect.delimiter,
            encoding=encoding,
            shown=repr(redact_source(source)),
            n_skipped=dialect.n_skipped,
        )
        try:
            yield file
        except GeneratorExit:
            raise
        except Exception:
            file.raise_fault()  # what a parser says of a row that does not fit is harder to read
            raise
        file.raise_fault()


def refuse_second_header(table: pd.DataFrame, shown: str, n_before: int = 0) -> None:
    """Raise an error if a row repeats the names of the columns, as in files put together.

    Parameters
    ----------
    table : DataFrame
        Rows as pandas read them.
    shown : str
        Name of the file, for messages.
    n_before : int
        Rows of the file before these.
    """
    # With such a row there is no column of numbers, so most tables need no look at their cells.
    if table.shape[1] < 2 or not all(map(holds_texts, table.dtypes)):
        return
    repeats = np.ones(len(table), dtype=bool)
    for position, name in enumerate(table.columns):
        repeats &= (table.iloc[:, position] == str(name)).to_numpy(dtype=bool, na_value=False)
        if not repeats.any():
            return
    row = n_before + int(np.flatnonzero(repeats)[0]) + 1
    raise UserError(
        f"{shown} has its header again, as row {row:,} below it; was it put together from several "
        "files? Take these lines out"
    )


def _with_exact_labels(table: pd.DataFrame, target: str, parse: Parse) -> pd.DataFrame:
    """Return the table with the labels that pandas changed as they are in the file."""
    names = unique_names(table.columns)
    if target not in names:
        return table
    position = names.index(target)
    series = table.iloc[:, position]
    missing = series.isna().to_numpy(dtype=bool)
    if missing.all():
        return table
    if series.dtype.kind in "iufb":
        if series.nunique() > _MOST_LABELS:
            return table
        return _with_written_labels(table, position, missing, parse)
    if not missing.any() or not holds_texts(series.dtype):
        return table
    if pd.api.types.infer_dtype(series, skipna=True) == "boolean":
        return _with_written_labels(table, position, missing, parse)
    cells = read_text_cells(series)
    if detect_number_style(cells.values, cells.counts) is not None:
        return table
    texts = _texts(position, parse)
    words = texts.isin(WORDS_FOR_NOTHING).to_numpy(dtype=bool) & missing
    if not words.any():
        return table
    found = sorted(set(texts[words]))
    note = (
        f"{int(words.sum())} rows of {target!r} say {' or '.join(map(repr, found))}, which is "
        "taken as a class; leave the cell empty where there is no label"
    )
    table = _replaced(table, position, series.astype(object).where(~words, texts))
    table.attrs[NOTES] = (*table.attrs.get(NOTES, ()), note)
    return table


def _with_written_labels(
    table: pd.DataFrame,
    position: int,
    missing: "np.ndarray[Any, np.dtype[np.bool_]]",
    parse: Parse,
) -> pd.DataFrame:
    """Return the table with labels that pandas took for numbers or booleans as they are written.

    ``007`` is not 7, ``1.10`` beside ``1.1`` is another label, and ``TRUE`` is not ``True``; whole
    numbers stay whole beside missing cells.
    """
    series = table.iloc[:, position]
    texts = _texts(position, parse)
    present = texts[~missing]
    written = present.unique()
    is_number = series.dtype.kind in "iuf"
    if is_number and not any(map(_CODE.match, written)):
        if all(map(_WHOLE.fullmatch, written)):
            whole = _whole_numbers(texts, missing) if missing.any() else None
            return _replaced(table, position, whole)
        if len(written) == series.nunique():
            return table
    if not is_number and set(written) <= {"True", "False"}:
        return table
    return _replaced(table, position, texts.astype(object).where(~missing, np.nan))


def _texts(position: int, parse: Parse) -> "pd.Series[Any]":
    """Return the cells of one column as they stand in the file."""
    frame = parse(usecols=[position], dtype=str, keep_default_na=False, skip_blank_lines=True)
    return frame.iloc[:, 0].str.strip()


def _whole_numbers(
    texts: "pd.Series[Any]", missing: "np.ndarray[Any, np.dtype[np.bool_]]"
) -> "pd.Series[Any]":
    """Return a column of whole numbers in which some are missing."""
    values: Sequence[int | None] = [
        None if absent else int(text) for text, absent in zip(texts, missing, strict=True)
    ]
    try:
        return pd.Series(pd.array(values, dtype="Int64"), index=texts.index)
    except (OverflowError, ValueError, TypeError):
        return pd.Series(values, index=texts.index, dtype=object)


def _replaced(table: pd.DataFrame, position: int, column: Any) -> pd.DataFrame:
    """Return the table with another column at a position."""
    if column is None or len(column) != len(table):
        return table
    table.isetitem(position, column)
    return table

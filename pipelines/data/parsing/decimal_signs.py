"""Which sign is the decimal one in numbers that people wrote: a comma or a point.

``1,5`` can only have a decimal comma and ``1,234.5`` only a decimal point, but ``1,234`` and
``1.234`` read both ways. So what a column does not tell its neighbours must: the cells of one table
come from one program. Where nothing tells, the caller has to say so or refuse.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.cell_display import quoted_cell
from espalier.pipelines.data.parsing.numbers import (
    SAMPLE,
    NumberStyle,
    detect_number_style,
    is_absent,
    looks_like_number,
    possible_readings,
)
from espalier.pipelines.data.parsing.text_cells import TextCells, read_text_cells, sample_values

COMMA, POINT = ",", "."
DECIMAL, NOTES, MARKED = "espalier: decimal", "espalier: notes", "espalier: marked"
"""Attributes that a table from a file carries: its decimal sign, what a user should know, and which
columns of whole numbers were written with a sign (``34.000``)."""
_SURE_COMMA = re.compile(r"[-+]?(?:(?:0|\d{4,}),\d+|\d+,(?:\d{1,2}|\d{4,}))")
_SURE_POINT = re.compile(r"[-+]?(?:(?:0|\d{4,})\.\d+|\d+\.(?:\d{1,2}|\d{4,}))")
_SOME = 200
"""Cells that rule out most columns of words."""


@dataclass(frozen=True, slots=True)
class SignEvidence:
    """What distinct texts tell about their decimal sign.

    Attributes
    ----------
    comma, point, either : str
        A text that has a decimal comma for certain, one with a decimal point, and one that reads
        both ways; empty where there is none.
    """

    comma: str = ""
    point: str = ""
    either: str = ""

    @classmethod
    def certain(cls, decimal: str) -> "SignEvidence":
        """Return the evidence of numbers that can only have this decimal sign."""
        return cls(comma="0,5") if decimal == COMMA else cls(point="0.5")

    def says(self, decimal: str) -> str:
        """Return a text that has this decimal sign for certain; empty if there is none."""
        return self.comma if decimal == COMMA else self.point

    @property
    def decimal(self) -> str | None:
        """The decimal sign; None where there is no evidence, or evidence for both."""
        if bool(self.comma) == bool(self.point):
            return None
        return COMMA if self.comma else POINT

    @property
    def is_contradictory(self) -> bool:
        """Whether some texts have a decimal comma and others a decimal point."""
        return bool(self.comma and self.point)

    def with_more(self, other: "SignEvidence") -> "SignEvidence":
        """Return the evidence of both."""
        return SignEvidence(
            self.comma or other.comma, self.point or other.point, self.either or other.either
        )


def sign_evidence(values: Iterable[str]) -> SignEvidence:
    """Return what texts tell about their decimal sign; texts that are no numbers tell nothing."""
    comma = point = either = ""
    for value in values:
        if COMMA not in value and POINT not in value:
            continue
        # Most cells only say again what is known; they need no closer look.
        if (comma and _SURE_COMMA.fullmatch(value)) or (point and _SURE_POINT.fullmatch(value)):
            continue
        with_comma, with_point = possible_readings(value)
        if with_comma == with_point:  # also where it is no number at all
            continue
        if with_point is None:
            comma = comma or value
        elif with_comma is None:
            point = point or value
        else:
            either = either or value
        if comma and point and either:
            break
    return SignEvidence(comma, point, either)


def column_evidence(cells: TextCells) -> SignEvidence:
    """Return what a column of texts tells; nothing if it does not hold numbers."""
    if not cells.values:
        return SignEvidence()
    sample, _ = sample_values(cells.values, cells.counts, SAMPLE)
    found = sign_evidence(sample)
    signs = [found.decimal] if found.decimal else [COMMA, POINT]
    if not any(detect_number_style(cells.values, cells.counts, sign) for sign in signs):
        return SignEvidence()
    # One certain cell among many that read both ways decides, wherever it is.
    return found if found.decimal else sign_evidence(cells.values)


def shared_decimal(columns: Iterable[SignEvidence]) -> str | None:
    """Return the decimal sign of most columns that tell; None for equally many of both."""
    told = [each.decimal for each in columns]
    commas, points = told.count(COMMA), told.count(POINT)
    if commas == points:
        return None
    return COMMA if commas > points else POINT


def table_decimal(table: pd.DataFrame) -> str | None:
    """Return the decimal sign that the columns of text in a table tell; None for neither."""
    return shared_decimal(
        column_evidence(read_text_cells(table.iloc[:, position]).shortened)
        for position, dtype in enumerate(table.dtypes)
        if holds_texts(dtype) and may_be_numbers(table.iloc[:, position])
    )


def notation_complaint(values: Sequence[str], style: NumberStyle) -> str | None:
    """Return why texts cannot be read in a notation without a doubt; None if they can.

    Parameters
    ----------
    values : sequence of str
        Distinct texts of a later table.
    style : NumberStyle
        The notation of the training.
    """
    other = POINT if style.decimal == COMMA else COMMA
    found = sign_evidence(value for value in values if other in value)
    wrong = found.point if style.decimal == COMMA else found.comma
    names = {COMMA: "comma", POINT: "point"}
    if wrong:
        return (
            f"holds {quoted_cell(wrong)!r}, with a decimal {names[other]}, where the model was "
            f"trained on numbers with a decimal {names[style.decimal]}; write its numbers as in "
            "the training"
        )
    doubtful = [found.either]
    if style.is_whole:
        doubtful.append(sign_evidence(each for each in values if style.decimal in each).either)
    for text in doubtful:
        if text and not style.settles(text) and sign_evidence(values).decimal != style.decimal:
            return (
                f"holds {text!r}, which may be read with a decimal comma or with a decimal "
                "point, and nothing tells which is meant; write it without marks for thousands "
                "and with a decimal point"
            )
    return None


def holds_texts(dtype: Any) -> bool:
    """Whether a column of this dtype may hold numbers as texts."""
    return pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype)


def are_whole(numbers: NDArray[np.float64]) -> bool:
    """Whether no number has a fraction; missing and infinite ones do not count."""
    # The first ones rule most columns out.
    return not any(len(_fractions(part)) for part in (numbers[:_SOME], numbers))


def could_be_thousands(numbers: NDArray[np.float64]) -> bool:
    """Whether numbers that were read with a decimal point may have had points at thousands.

    That is so if every fraction among them is like 1.05, which may have been ``1.050``.
    """
    if not _all_like_thousands(_fractions(numbers[:_SOME])):
        return False
    fractions = _fractions(numbers)
    return len(fractions) > 0 and _all_like_thousands(fractions)


def _fractions(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the numbers that have a fraction."""
    return numbers[np.isfinite(numbers) & (numbers != np.floor(numbers))]


def _all_like_thousands(fractions: NDArray[np.float64]) -> bool:
    """Whether numbers with a fraction, if any, are all like 1.05 or 850.125."""
    size = np.abs(fractions)
    thousandths = size * 1000
    return bool(
        ((size > 1) & (size < 1000)).all()
        and (np.abs(thousandths - np.round(thousandths)) < 1e-6).all()
    )


def points_group(values: Sequence[str]) -> bool:
    """Whether the points of texts that read both ways rather group thousands.

    A program that writes decimals keeps their zeros everywhere (850.000) or nowhere (1.05): beside
    850, 1.050 is one thousand and fifty.
    """
    dotted = [value for value in values if POINT in value]
    others = [value for value in values if POINT not in value]
    return (
        bool(others)
        and any(value.endswith("0") for value in dotted)
        and all(len(value.lstrip("-+")) <= 3 for value in others)
    )


def may_be_numbers(series: "pd.Series[Any]") -> bool:
    """Whether a column of texts may hold numbers, by some cells; it rules out most columns."""
    some = series.iloc[:: max(1, len(series) // _SOME)].dropna()
    cells = [cell.strip() for cell in some if isinstance(cell, str)]
    cells = [cell for cell in cells if cell and not is_absent(cell)]
    if not cells:
        return len(some) == 0 or any(isinstance(cell, str) for cell in some)
    # Of a column of numbers nearly all are.
    return 4 * sum(looks_like_number(cell) for cell in cells) >= len(cells)

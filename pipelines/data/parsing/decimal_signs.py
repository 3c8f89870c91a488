"""Which sign is the decimal one in numbers that people wrote: a comma or a point.

``1,5`` can only have a decimal comma and ``1,234.5`` only a decimal point, but ``1,234`` and
``1.234`` read both ways. So what a column does not tell its neighbours must: the cells of one table
come from one program. Where nothing tells, the caller has to say so or refuse.
"""

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
    possible_readings,
)
from espalier.pipelines.data.parsing.text_cells import TextCells, read_text_cells, sample_values

COMMA, POINT = ",", "."
DECIMAL, NOTES = "espalier: decimal", "espalier: notes"
"""Attributes that a table from a file carries: its decimal sign, and what a user should know."""


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
        column_evidence(read_text_cells(table.iloc[:, position]))
        for position, dtype in enumerate(table.dtypes)
        if holds_texts(dtype) and _may_be_numbers(table.iloc[:, position])
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
    if found.either and not style.is_certain and sign_evidence(values).decimal != style.decimal:
        return (
            f"holds {quoted_cell(found.either)!r}, which may be read with a decimal comma or with "
            "a decimal point, and nothing tells which is meant; write it without marks for "
            "thousands and with a decimal point"
        )
    return None


def holds_texts(dtype: Any) -> bool:
    """Whether a column of this dtype may hold numbers as texts."""
    return pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype)


def could_be_thousands(numbers: NDArray[np.float64]) -> bool:
    """Whether numbers that were read with a decimal point may have had points at thousands.

    That is so if every fraction among them is like 1.05, which may have been ``1.050``.
    """
    fractions = numbers[np.isfinite(numbers) & (numbers != np.floor(numbers))]
    if not len(fractions):
        return False
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


def _may_be_numbers(series: "pd.Series[Any]") -> bool:
    """Whether there is a number among the first cells; it rules out most columns of words."""
    some = series.dropna().head(50)
    return any(isinstance(cell, str) and any(map(str.isdigit, cell)) for cell in some)

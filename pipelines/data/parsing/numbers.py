"""Parse numbers from text: ``1,234``, ``$5``, ``12%``, ``(3.5)``, ``1.234,50 €``, ``5-``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.text_cells import sample_values
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults

ABSENT_MARKERS = frozenset(
    {"?", "-", "--", "---", "\u2013", "\u2014", ".", "..", "...", "*", "na", "n/a", "n.a.", "n.a"}
    | {"#n/a", "#na", "nan", "null", "none", "nil", "missing", "unknown", "unk", "undefined"}
    | {"tbd", "#value!", "#div/0!", "#ref!", "#num!", "not available", "not applicable"}
    | {"no data", "not known", "n.v.", "k.a.", "k. a.", "keine angabe", "unbekannt", "inconnu"}
    | {"n/d", "n.d.", "s/d", "s.d.", "#nv", "#wert!", "#bezug!", "#zahl!", "#n/d", "#valeur!"}
)
"""Texts (lower case) that stand for a missing cell in a column of numbers or dates."""

_CURRENCY = r"[$€£¥₹₽₩₺]|(?:US|CA|AU|NZ|HK|R)\$|USD|EUR|GBP|JPY|CHF|CNY|INR|AUD|CAD|SEK|NOK|DKK|PLN"
_NUMBER = re.compile(
    rf"""(?:(?:{_CURRENCY})\s*(?=\())?(?P<open>\()?\s*
    (?P<sign>[-+\u2212\u2013]?)\s*
    (?:{_CURRENCY})?\s*
    (?P<sign2>[-+\u2212\u2013]?)
    (?P<digits>(?:\d[\d.,'\u2019\s]*)?\d[.,]?|[.,]\d+)
    (?P<exponent>[eE][-+]?\d+)?
    (?P<sign3>(?<=\d)[-\u2212](?=\s*(?:{_CURRENCY}|%|‰)?\s*\Z))?  # SAP: 100.00-
    (?:(?<=\d[.,])(?:--?|\u2013|\u2014))?\s*  # a price without small change: 5.-
    (?P<suffix>[^\W\d_][^\W\d_./²³]{{0,11}}[²³]?|%|‰|°[CFcf]?|[$€£¥₹₽₩₺])?\s*
    (?:(?P<close>\))\s*(?:{_CURRENCY})?)?""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"\d*\.?\d+|\d+\.")
_BLANK = re.compile(r"(?<=\d)[\s'\u2019](?=\d{3}(?!\d))")
# No number begins with a group of zero: 0,123 has a decimal comma.
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{2,3})*,\d{3}(?:\.\d*)?")
# The plain cases of the above, for speed: an amount with commas, a percentage.
_DOTTED = re.compile(r"[-+]?[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?")
_USUAL = re.compile(r"[$€£]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d*)?%?")
_DECORATION = str.maketrans("", "", "$€£,%")
_MULTIPLIERS = {"k": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9}
_SYMBOLS = frozenset(["", "%", "‰", *"$€£¥₹₽₩₺"]) | frozenset(
    code.lower() for code in _CURRENCY.rsplit("|", 15) if code.isalpha()
)
_ZERO_PADDED = re.compile(r"0\d+")

GLANCE = 100
"""Distinct values checked first; they rule out most columns of words."""
SAMPLE = 2_000
"""Distinct values in the sample that decides about a column."""
SHARE = 0.98
"""Share of the rows that must parse; the rest become missing."""
MOST_VALUES = 0.6
"""Share of the distinct values that must parse too: many zeros do not make words numeric."""


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """The notation of the numbers in a text column.

    Attributes
    ----------
    decimal : str
        ``.`` or ``,``; the other one groups thousands.
    unit : str
        A word that may follow every number, lower case (``kg``); it is ignored.
    is_certain : bool
        Whether a text that reads both ways, such as ``1,234``, has this notation for certain. Not
        so where the training had plain numbers only.
    is_whole : bool
        Whether all numbers of the training were whole, so that a later ``1.050`` may as well be
        one thousand and fifty.
    """

    decimal: str = "."
    unit: str = ""
    is_certain: bool = True
    is_whole: bool = False

    __setstate__ = set_state_with_defaults

    def settles(self, text: str) -> bool:
        """Whether a later text that reads both ways has this notation, if nothing else tells."""
        other = "." if self.decimal == "," else ","
        if self.is_whole and self.decimal in text:
            return False
        return self.is_certain or other not in text


def parse_numbers(values: Sequence[str], style: NumberStyle) -> NDArray[np.float64]:
    """Parse texts as numbers.

    A percentage keeps its figure (``12%`` is 12), a parenthesis is a minus, ``k``, ``M`` and ``bn``
    multiply, and ``true`` and ``false`` are 1 and 0.

    Parameters
    ----------
    values : sequence of str
        The texts.
    style : NumberStyle
        How they are written.

    Returns
    -------
    array, shape (n_values,)
        NaN where a text is no finite number.
    """
    plain = values
    if style.decimal == ",":  # what else has a point is read below
        plain = [
            ("" if not _DOTTED.fullmatch(value) else value.replace(".", "").replace(",", "."))
            if "." in value
            else value.replace(",", ".")
            for value in values
        ]
    numbers = np.array(
        pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce"), dtype=np.float64
    )
    for position in np.flatnonzero(~np.isfinite(numbers)).tolist():
        numbers[position] = _parse(values[position], style)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def detect_number_style(
    values: Sequence[str], counts: NDArray[np.int64], decimal: str | None = None
) -> NumberStyle | None:
    """Return the notation of a column's numbers, or None if it does not hold numbers.

    Parameters
    ----------
    values : sequence of str
        Distinct texts.
    counts : array, shape (n_values,)
        Number of rows with each text.
    decimal : str or None
        The decimal sign where it is known; None for the one that most texts suggest.
    """
    if not values:
        return None
    few, _ = sample_values(values, counts, GLANCE)
    glance = _guess_style(few, decimal)
    if len(values) > GLANCE and _share_parsed(few, np.ones(len(few)), glance) < 0.4:
        return None
    sample, weights = sample_values(values, counts, SAMPLE)
    # 007 is a code: as a number it would lose its zeros, and its order means nothing.
    if any(_ZERO_PADDED.fullmatch(value) for value in sample):
        return None
    style = _guess_style(sample, decimal)
    if _share_parsed(sample, np.ones(len(sample)), style) < MOST_VALUES:
        return None
    return style if _share_parsed(sample, weights, style) >= SHARE else None


def is_absent(value: str) -> bool:
    """Whether the text stands for a missing number or date."""
    return value.casefold() in ABSENT_MARKERS


def _share_parsed(values: Sequence[str], weights: NDArray[np.float64], style: NumberStyle) -> float:
    """Return the weighted share of values that parse as numbers, absent markers aside."""
    present = np.array([not is_absent(value) for value in values], dtype=bool)
    total = float(weights[present].sum())
    if total == 0:
        return 0.0
    parsed = np.isfinite(parse_numbers(values, style))
    return float(weights[present & parsed].sum()) / total


def mixed_symbols(values: Sequence[str]) -> str | None:
    """Return in words which unlike signs numbers in text carry; None if they are all alike."""
    sample = [value for value in values[:SAMPLE] if not is_absent(value)]
    percent = sum("%" in value for value in sample)
    if 0 < percent < len(sample):
        return "with and without a percent sign"
    currencies = sorted({sign for value in sample for sign in value if sign in "$€£¥₹₽₩₺"})
    return f"in unlike currencies ({' and '.join(currencies)})" if len(currencies) > 1 else None


def looks_like_number(value: str) -> bool:
    """Whether a text has the form of a number, with whatever unit."""
    return _NUMBER.fullmatch(value) is not None or value.casefold() in ("true", "false")


def possible_readings(value: str) -> tuple[float | None, float | None]:
    """Return what a text is with a decimal comma and with a decimal point; None for no number.

    Units, currencies and brackets around the digits do not matter.
    """
    match = _NUMBER.fullmatch(value)
    if match is None:
        return None, None
    return _as_number(match["digits"], ","), _as_number(match["digits"], ".")


def _guess_style(sample: Sequence[str], decimal: str | None = None) -> NumberStyle:
    """Return the style that a few values suggest."""
    units: dict[str, int] = {}
    comma_decimal = point_decimal = 0
    for value in sample:
        match = _NUMBER.fullmatch(value)
        if match is None:
            continue
        suffix = (match["suffix"] or "").lower()
        if suffix not in _SYMBOLS and suffix not in _MULTIPLIERS:
            units[suffix] = units.get(suffix, 0) + 1
        digits = match["digits"]
        # "1,5" and "1.234,50" can only have a decimal comma; "1,234" can have either.
        if "," in digits:
            comma_decimal += _as_number(digits, ",") is not None and (
                _as_number(digits, ".") is None
            )
        if "." in digits:
            point_decimal += _as_number(digits, ".") is not None and (
                _as_number(digits, ",") is None
            )
    unit = max(units, key=lambda name: units[name]) if units else ""
    return NumberStyle(decimal or ("," if comma_decimal > point_decimal else "."), unit)


def _parse(value: str, style: NumberStyle) -> float:
    """Return the number a text holds; NaN when none."""
    if style.decimal == "." and _USUAL.fullmatch(value):
        return float(value.translate(_DECORATION))
    lowered = value.casefold()
    if lowered in ("true", "false"):
        return float(lowered == "true")
    match = _NUMBER.fullmatch(value)
    if match is None or bool(match["open"]) != bool(match["close"]):
        return np.nan
    signs = match["sign"], match["sign2"], match["sign3"]
    if sum(map(bool, (*signs, match["open"] and match["sign3"]))) > 1:
        return np.nan
    number = _as_number(match["digits"], style.decimal)
    if number is None:
        return np.nan
    suffix = (match["suffix"] or "").lower()
    if suffix in _MULTIPLIERS and suffix != style.unit:
        number *= _MULTIPLIERS[suffix]
    elif suffix not in _SYMBOLS and suffix != style.unit:
        return np.nan
    if match["exponent"]:
        number = float(f"{number!r}{match['exponent']}") if abs(number) < 1e15 else np.nan
    negative = bool(match["open"]) or any(sign in ("-", "\u2212", "\u2013") for sign in signs)
    return -number if negative else number


def _as_number(digits: str, decimal: str) -> float | None:
    """Convert digits with separators to a number; None if a separator is misplaced."""
    text = digits
    if decimal == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    if _PLAIN.fullmatch(text):
        return float(text)
    text = _BLANK.sub(",", text)
    if _GROUPED.fullmatch(text):
        return float(text.replace(",", ""))
    return None

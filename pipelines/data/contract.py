"""Infer expectations from a training table, against which later tables are checked.

A table that violates those about column names, the target or the number of rows is refused; those
about types, ranges, null shares and sets of categories only warn, as the model can cope with that.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.data.dropped_columns import number_identifier, text_identifier
from espalier.pipelines.data.expectation import Expectation, Severity
from espalier.pipelines.data.parsing.column_names import find_column, with_unique_names
from espalier.pipelines.data.parsing.column_plans import FEW_LEVELS, is_sentence_like
from espalier.pipelines.data.parsing.dates import detect_date_format
from espalier.pipelines.data.parsing.readings import is_date, is_number, to_float
from espalier.pipelines.data.parsing.text_cells import read_text_cells, without_half_characters
from espalier.pipelines.data.target import infer_problem, target_numbers, target_present
from espalier.pipelines.problem import ProblemKind

__all__ = ["DataContract", "Expectation", "Severity", "infer_contract"]

MOST_EXPECTATIONS = 150
"""Most expectations of a table: each takes about 30 ms to check; further columns have none."""
MIN_ROWS = 20
"""Fewest rows to learn from."""
NULL_SLACK = 0.05
"""Share of missing cells a later table may have over the training table."""
RANGE_SLACK = 0.1
"""Widening of a range at both ends, in shares of its width."""
MOSTLY = 0.99
"""Share of the cells that must lie in a range or set."""
_BITS = (8, 16, 32, 64)
TRUE_NUMBERS = [
    "bool",
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in _BITS),
    *(f"float{bits}" for bits in _BITS[1:]),
    *(f"{kind}{bits}Dtype" for kind in ("Int", "UInt") for bits in _BITS),
    *(f"Float{bits}Dtype" for bits in _BITS[2:]),
    "BooleanDtype",
]
"""Types of a column of numbers: an integer column turns float with its first missing cell."""
TRUE_DATES = [
    "datetime64",
    "datetime64[s]",
    "datetime64[ms]",
    "datetime64[us]",
    "datetime64[ns]",
    "DatetimeTZDtype",
]
"""Types of a column of dates."""
# Facts of a column of a table, which a batch of rows to predict need not show.
_OF_WHOLE_TABLES = (
    "ExpectColumnValuesToBeUnique",
    "ExpectColumnMaxToBeBetween",
    "ExpectColumnMinToBeBetween",
    "ExpectColumnMeanToBeBetween",
    "ExpectColumnDistinctValuesToContainSet",
    "ExpectColumnUniqueValueCountToBeBetween",
)


@dataclass(frozen=True, slots=True)
class DataContract:
    """All expectations of a training table.

    Attributes
    ----------
    expectations : tuple of Expectation
        The promises; those about the whole table and the target come first.
    columns_unchecked : tuple of str
        Columns of a wide table that only the set of names covers.
    """

    expectations: tuple[Expectation, ...]
    columns_unchecked: tuple[str, ...] = ()

    def about(self, column: str | None) -> tuple[Expectation, ...]:
        """Return the expectations of one column, or of the whole table if ``column`` is None."""
        return tuple(each for each in self.expectations if each.column == column)

    def for_prediction(self, columns: Collection[str]) -> "DataContract":
        """Return the expectations that apply to rows to score: those of columns the model reads.

        Expectations of the whole table are left out, and so are uniqueness, the newest value and
        other facts of a whole column, which one batch of rows cannot show.

        Parameters
        ----------
        columns : collection of str
            The columns that the model reads; not the target.
        """
        kept = tuple(
            each
            for each in self.expectations
            if each.column in columns and each.kind not in _OF_WHOLE_TABLES
        )
        return DataContract(kept, tuple(each for each in self.columns_unchecked if each in columns))

    def to_json(self) -> str:
        """Return the contract as JSON."""
        record = {
            "expectations": [each.to_dict() for each in self.expectations],
            "columns_unchecked": list(self.columns_unchecked),
        }
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
        return without_half_characters(text)

    @classmethod
    def from_json(cls, text: str) -> "DataContract":
        """Return the contract that `to_json` wrote."""
        record = json.loads(text)
        return cls(
            tuple(Expectation.from_dict(each) for each in record["expectations"]),
            tuple(record["columns_unchecked"]),
        )


def infer_contract(
    table: pd.DataFrame,
    *,
    target: str,
    problem: ProblemKind | None = None,
    most: int = MOST_EXPECTATIONS,
) -> DataContract:
    """Infer the expectations that later tables should meet from a training table.

    Parameters
    ----------
    table : DataFrame, shape (n_rows, n_columns)
        Raw training rows.
    target : str
        The target column.
    problem : ProblemKind or None
        The kind of problem; None to infer it from the target.
    most : int
        Most expectations. Columns with text and columns with missing cells are described first.

    Raises
    ------
    UserError
        There is no such target, or it cannot be learned.
    """
    table = with_unique_names(table)
    target = find_column(table, target, "target")
    problem = problem or infer_problem(table[target])
    names = [str(name) for name in table.columns]
    expectations = [
        Expectation(
            "ExpectTableColumnsToMatchSet",
            None,
            Severity.REFUSE,
            {"column_set": names, "exact_match": False},
        ),
        Expectation(
            "ExpectTableRowCountToBeBetween", None, Severity.REFUSE, {"min_value": MIN_ROWS}
        ),
        *_target_expectations(table[target], problem),
    ]
    features = [name for name in names if name != target]
    # What breaks first in later tables: text, then missing cells; then the rest in order.
    gaps = dict(zip(names, table.isna().any(axis=0), strict=True))
    numbers = dict(zip(names, map(is_number, table.dtypes), strict=True))
    features.sort(key=lambda name: (numbers[name], not gaps[name]))
    unchecked = []
    for name in features:
        if len(expectations) >= most:
            unchecked.append(name)
        else:
            expectations.extend(_column_expectations(name, table[name]))
    order = {name: position for position, name in enumerate(names)}
    unchecked.sort(key=lambda name: order[name])
    return DataContract(tuple(expectations), tuple(unchecked))


def _target_expectations(y: "pd.Series[Any]", problem: ProblemKind) -> list[Expectation]:
    """Return the expectations of the target column."""
    name = str(y.name)
    present = target_present(y)
    share = float(present.mean()) if len(y) else 0.0
    found = [
        Expectation("ExpectColumnToExist", name, Severity.REFUSE),
        Expectation(
            "ExpectColumnUniqueValueCountToBeBetween", name, Severity.REFUSE, {"min_value": 2}
        ),
        Expectation(
            "ExpectColumnValuesToNotBeNull", name, Severity.WARN, {"mostly": _mostly(share)}
        ),
    ]
    y = y[present.tolist()]
    if problem is ProblemKind.REGRESSION:
        numbers = target_numbers(y)
        if is_number(y.dtype) and numbers is not None:
            found.append(_types(name, TRUE_NUMBERS, Severity.REFUSE))
            found.extend(_range(name, numbers))
        return found
    labels = _distinct(y)
    if labels is not None and len(labels) <= FEW_LEVELS:
        found.append(
            Expectation(
                "ExpectColumnValuesToBeInSet",
                name,
                Severity.WARN,
                {"value_set": labels, "mostly": 1.0},
            )
        )
        counts = y.value_counts().to_dict()
        expected = [label for label in labels if counts.get(label, 0) >= MIN_ROWS]
        if expected:
            found.append(
                Expectation(
                    "ExpectColumnDistinctValuesToContainSet",
                    name,
                    Severity.WARN,
                    {"value_set": expected},
                )
            )
    return found


def _column_expectations(name: str, series: "pd.Series[Any]") -> list[Expectation]:
    """Return the expectations of one feature column."""
    present = float(series.notna().mean()) if len(series) else 0.0
    if present == 0.0 or pd.api.types.is_complex_dtype(series.dtype):
        return []
    found = [
        Expectation(
            "ExpectColumnValuesToNotBeNull", name, Severity.WARN, {"mostly": _mostly(present)}
        )
    ]
    if is_number(series.dtype):
        numbers = to_float(series)
        if isinstance(series.dtype, pd.ArrowDtype | pd.SparseDtype):
            return found  # Great Expectations does not know these types
        found.append(_types(name, TRUE_NUMBERS, Severity.WARN))
        if number_identifier(name, numbers, series):
            found.append(Expectation("ExpectColumnValuesToBeUnique", name, Severity.WARN))
        elif not pd.api.types.is_bool_dtype(series.dtype):
            found.extend(_range(name, numbers))
    elif is_date(series.dtype):
        if not isinstance(series.dtype, pd.ArrowDtype | pd.PeriodDtype):
            found.append(_types(name, TRUE_DATES, Severity.WARN))
    else:
        found.extend(_word_expectations(name, series))
    return found


def _word_expectations(name: str, series: "pd.Series[Any]") -> list[Expectation]:
    """Return the expectations of a text column: a set of categories, uniqueness, or none."""
    cells = read_text_cells(series)
    n_values, n_present = len(cells.values), cells.n_present
    if n_values > FEW_LEVELS and n_values == n_present:
        if detect_date_format(cells.values, cells.counts) or not text_identifier(name, cells):
            return []
        return [Expectation("ExpectColumnValuesToBeUnique", name, Severity.WARN)]
    if n_values > FEW_LEVELS or n_present < 2 * n_values or is_sentence_like(cells):
        return []
    labels = _distinct(series)
    if labels is None:
        return []
    parameters = {"value_set": labels, "mostly": MOSTLY}
    return [Expectation("ExpectColumnValuesToBeInSet", name, Severity.WARN, parameters)]


def _distinct(series: "pd.Series[Any]") -> list[Any] | None:
    """Return the distinct raw cells, sorted and JSON-ready; None if any is not a plain scalar."""
    try:
        values = series.dropna().unique().tolist()
    except (TypeError, NotImplementedError):
        return None  # unhashable cells, or lists and structs of Arrow
    if not all(isinstance(value, str | int | float | bool) for value in values):
        return None
    if any(isinstance(value, float) and not np.isfinite(value) for value in values):
        return None
    return sorted(values, key=lambda value: (str(type(value)), value))


def _range(name: str, numbers: "np.ndarray[Any, np.dtype[np.float64]]") -> list[Expectation]:
    """Return the expected range of a numeric column, widened; empty if no cell is finite."""
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        return []
    low, high = float(finite.min()), float(finite.max())
    slack = RANGE_SLACK * (high - low)
    # Where nothing is negative, nothing should become so: counts and amounts stay counts.
    bounds = {
        "min_value": max(low - slack, 0.0) if low >= 0 else low - slack,
        "max_value": high + slack,
    }
    if not np.isfinite(list(bounds.values())).all():
        return []
    return [
        Expectation(
            "ExpectColumnValuesToBeBetween", name, Severity.WARN, {**bounds, "mostly": MOSTLY}
        )
    ]


def _types(name: str, types: list[str], severity: Severity) -> Expectation:
    """Return the expectation that the column's type is one of ``types``."""
    return Expectation(
        "ExpectColumnValuesToBeInTypeList", name, severity, {"type_list": list(types)}
    )


def _mostly(present: float) -> float:
    """Return the share of non-missing cells to expect, given the share in the training table."""
    return round(max(0.0, present - NULL_SLACK - 0.5 * (1.0 - present)), 4)

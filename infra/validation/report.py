"""The result of a validation, as values and in words."""

import json
from dataclasses import dataclass
from typing import Any

from espalier.pipelines.cell_display import cells_are_hidden
from espalier.pipelines.data.expectation import DAYS_OLD, SHARE_OF_LAST, Expectation, Severity

SHOWN_VALUES = 5
"""Number of values of a list to show in a line of text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedExpectation:
    """One expectation with its result.

    Attributes
    ----------
    expectation : Expectation
        The expectation.
    held : bool
        Whether it holds.
    observed : str
        What was observed, as text, without cells.
    examples : str
        Cells that were observed; empty if there are none to show.
    """

    expectation: Expectation
    held: bool
    observed: str
    examples: str = ""

    @property
    def severity(self) -> Severity:
        """What happens if the expectation does not hold."""
        return self.expectation.severity

    @property
    def text(self) -> str:
        """One line: what was expected of which column, and what was observed instead.

        Cells are in it only where they are not hidden (`espalier.pipelines.cell_display`).
        """
        hidden = cells_are_hidden()
        seen = self.observed if hidden else self.observed_cells
        return f"{describe(self.expectation, cells=not hidden)}; {seen}"

    @property
    def observed_cells(self) -> str:
        """What was observed, with the cells."""
        parts = (self.observed, self.examples and f"such as {self.examples}")
        return ", ".join(each for each in parts if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    """The result of validating a table.

    Attributes
    ----------
    checked : tuple of CheckedExpectation
        All expectations, in the contract's order.
    n_rows, n_columns : int
        Size of the table.
    n_sampled : int
        Number of rows checked by expectations about cells.
    columns_unchecked : tuple of str
        Columns of which only the name is checked.
    seconds : float
        Duration of the validation.
    gx_version : str
        Version of Great Expectations.
    """

    checked: tuple[CheckedExpectation, ...]
    n_rows: int
    n_columns: int
    n_sampled: int
    columns_unchecked: tuple[str, ...]
    seconds: float
    gx_version: str

    @property
    def failures(self) -> tuple[CheckedExpectation, ...]:
        """The expectations that do not hold, those of severity *refuse* first."""
        broken = [each for each in self.checked if not each.held]
        return tuple(sorted(broken, key=lambda each: each.severity is not Severity.REFUSE))

    @property
    def success(self) -> bool:
        """Whether all expectations of severity *refuse* hold."""
        return all(each.severity is not Severity.REFUSE for each in self.failures)

    def to_json(self) -> str:
        """Return the report as JSON."""
        record = {
            "success": self.success,
            "n_rows": self.n_rows,
            "n_columns": self.n_columns,
            "n_sampled": self.n_sampled,
            "columns_unchecked": list(self.columns_unchecked),
            "seconds": round(self.seconds, 3),
            "great_expectations": self.gx_version,
            "expectations": [
                {**each.expectation.to_dict(), "held": each.held, "observed": each.observed_cells}
                for each in self.checked
            ],
        }
        return json.dumps(record, indent=1, ensure_ascii=False)


def describe(expectation: Expectation, *, cells: bool = True) -> str:
    """Describe an expectation in one line, with the reason if somebody gave one.

    Parameters
    ----------
    expectation : Expectation
        The expectation.
    cells : bool
        Whether values of the training table, such as its categories, may be named.
    """
    said = _describe(expectation, cells)
    return f"{said} ({expectation.reason})" if expectation.reason else said


def _describe(expectation: Expectation, cells: bool) -> str:
    column, values = expectation.column, expectation.parameters
    if (days := values.get(DAYS_OLD)) is not None:
        return f"the newest {column!r} is at most {short(days)} days old"
    if (least := values.get(SHARE_OF_LAST)) is not None:
        return f"there are at least {100 * float(least):.4g} % of the rows of the last training"
    mostly = float(values.get("mostly", 1.0))
    one = mostly >= 1
    share = "every cell" if one else f"at least {100 * mostly:.4g} % of the cells"
    are = "is" if one else "are"
    low, high = values.get("min_value"), values.get("max_value")
    match expectation.kind:
        case "ExpectTableColumnsToMatchSet":
            return f"the table has the {len(values['column_set'])} columns it should have"
        case "ExpectColumnToExist":
            return f"column {column!r} exists"
        case "ExpectTableRowCountToBeBetween":
            return f"the number of rows is {_between(low, high)}"
        case "ExpectColumnValuesToNotBeNull":
            return f"{share} of {column!r} {'has' if one else 'have'} a value"
        case "ExpectColumnValuesToBeBetween":
            limits = _between(low, high) if cells else "in the range that is known"
            return f"{share} of {column!r} {are} {limits}"
        case "ExpectColumnValuesToBeInSet":
            return f"{share} of {column!r} {are} among {_values(values['value_set'], cells)}"
        case "ExpectColumnValuesToBeUnique":
            return f"no value of {column!r} repeats"
        case "ExpectColumnValuesToBeInTypeList":
            return f"{column!r} has a type among {few(values['type_list'])}"
        case "ExpectColumnMaxToBeBetween" if isinstance(low, str) and high is None:
            return f"the newest {column!r} is of {low} or later"
        case "ExpectColumnMaxToBeBetween":
            return f"the largest {column!r} is {_between(low, high)}"
        case "ExpectColumnMinToBeBetween":
            return f"the smallest {column!r} is {_between(low, high)}"
        case "ExpectColumnMeanToBeBetween":
            return f"the mean of {column!r} is {_between(low, high)}"
        case "ExpectColumnValueLengthsToBeBetween":
            return (
                f"{share} of {column!r} {'has' if one else 'have'} a length {_between(low, high)}"
            )
        case "ExpectColumnValuesToMatchRegex":
            return f"{share} of {column!r} match{'es' if one else ''} {values['regex']!r}"
        case "ExpectColumnValuesToNotMatchRegex":
            return f"{share} of {column!r} {'does' if one else 'do'} not match {values['regex']!r}"
        case "ExpectColumnPairValuesAToBeGreaterThanB":
            than = "at least" if values.get("or_equal") else "greater than"
            return f"in every row {values['column_A']!r} is {than} {values['column_B']!r}"
        case "ExpectCompoundColumnsToBeUnique":
            return f"no two rows have the same {few(values['column_list'])}"
        case "ExpectColumnDistinctValuesToContainSet":
            return f"{column!r} holds each of {_values(values['value_set'], cells)}"
        case _:
            return f"the number of distinct values of {column!r} is {_between(low, high)}"


def _values(values: Any, cells: bool) -> str:
    return few(values) if cells else f"the {len(values)} known values"


def _between(low: Any, high: Any) -> str:
    if high is None:
        return f"at least {short(low)}"
    if low is None:
        return f"at most {short(high)}"
    return f"between {short(low)} and {short(high)}"


def few(values: Any) -> str:
    """Return the first few of some values, or one value, as text."""
    if not isinstance(values, list | tuple | set):
        return short(values)
    listed = [short(value) for value in values]
    more = f" and {len(listed) - SHOWN_VALUES} more" if len(listed) > SHOWN_VALUES else ""
    return ", ".join(listed[:SHOWN_VALUES]) + more


def short(value: Any) -> str:
    """Return a value as text, shortened if it is long."""
    text = f"{value:,.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."

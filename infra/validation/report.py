"""The result of a validation, as values and in words."""

import json
from dataclasses import dataclass
from typing import Any

from espalier.pipelines.data.expectation import Expectation, Severity

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
        What was observed, as text.
    """

    expectation: Expectation
    held: bool
    observed: str

    @property
    def severity(self) -> Severity:
        """What happens if the expectation does not hold."""
        return self.expectation.severity

    @property
    def text(self) -> str:
        """One line: what was expected of which column, and what was observed instead."""
        return f"{describe(self.expectation)}; {self.observed}"


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
                {**each.expectation.to_dict(), "held": each.held, "observed": each.observed}
                for each in self.checked
            ],
        }
        return json.dumps(record, indent=1, ensure_ascii=False)


def describe(expectation: Expectation) -> str:
    """Describe an expectation in one line."""
    column, values = expectation.column, expectation.parameters
    mostly = float(values.get("mostly", 1.0))
    one = mostly >= 1
    cells = "every cell" if one else f"at least {100 * mostly:.4g} % of the cells"
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
            return f"{cells} of {column!r} {'has' if one else 'have'} a value"
        case "ExpectColumnValuesToBeBetween":
            return f"{cells} of {column!r} {are} {_between(low, high)}"
        case "ExpectColumnValuesToBeInSet":
            return f"{cells} of {column!r} {are} among {few(values['value_set'])}"
        case "ExpectColumnValuesToBeUnique":
            return f"no value of {column!r} repeats"
        case "ExpectColumnValuesToBeInTypeList":
            return f"{column!r} has a type among {few(values['type_list'])}"
        case "ExpectColumnDistinctValuesToContainSet":
            return f"{column!r} holds each of {few(values['value_set'])}"
        case _:
            return f"the number of distinct values of {column!r} is {_between(low, high)}"


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

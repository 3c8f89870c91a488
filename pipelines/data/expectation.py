"""One promise about a table, as plain data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

DAYS_OLD = "at_most_days_old"
"""Parameter of ``ExpectColumnMaxToBeBetween``: days that the newest date may be old at a check."""
SHARE_OF_LAST = "share_of_last"
"""Parameter of ``ExpectTableRowCountToBeBetween``: least share of the last table's rows."""

KINDS = (
    "ExpectTableColumnsToMatchSet",
    "ExpectColumnToExist",
    "ExpectTableRowCountToBeBetween",
    "ExpectColumnValuesToNotBeNull",
    "ExpectColumnValuesToBeBetween",
    "ExpectColumnValuesToBeInSet",
    "ExpectColumnValuesToBeUnique",
    "ExpectColumnValuesToBeInTypeList",
    "ExpectColumnDistinctValuesToContainSet",
    "ExpectColumnUniqueValueCountToBeBetween",
    "ExpectColumnMaxToBeBetween",
    "ExpectColumnMinToBeBetween",
    "ExpectColumnMeanToBeBetween",
    "ExpectColumnValueLengthsToBeBetween",
    "ExpectColumnValuesToMatchRegex",
    "ExpectColumnValuesToNotMatchRegex",
    "ExpectColumnPairValuesAToBeGreaterThanB",
    "ExpectCompoundColumnsToBeUnique",
)
"""Kinds of expectations; each is a class of Great Expectations, which the core does not import."""

_PAIR = ("column_A", "column_B")
_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class Severity(StrEnum):
    """Consequence of a violated expectation."""

    REFUSE = "refuse"  # the table must not be used
    WARN = "warn"  # the user is told


@dataclass(frozen=True, slots=True)
class Expectation:
    """One promise about a table, such as a column that exists or a range of values.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    column : str or None
        The column it is about; None for the whole table.
    severity : Severity
        The consequence of a violation.
    parameters : mapping
        The other arguments of the kind, JSON-ready; ``mostly`` is the share of rows that must hold.
        `DAYS_OLD` and `SHARE_OF_LAST` are replaced by bounds before a check.
    owned : bool
        Whether a person states it (`espalier.pipelines.data.owned.suite`); others are inferred from
        the training table.
    reason : str
        Why it is stated, for display; empty if nobody said.
    """

    kind: str
    column: str | None
    severity: Severity
    parameters: Mapping[str, Any] = field(default_factory=dict)
    owned: bool = False
    reason: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of expectation {self.kind!r}")

    @property
    def key(self) -> str:
        """What it is about, as text: of two with the same key, one replaces the other.

        The name is that of Great Expectations' documentation:
        ``expect_column_values_to_not_be_null(age)``.
        """
        columns = [self.column] if self.column is not None else []
        columns += [self.parameters[name] for name in _PAIR if name in self.parameters]
        columns += list(self.parameters.get("column_list", ()))
        return snake_name(self.kind) + (f"({', '.join(map(str, columns))})" if columns else "")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        said: dict[str, Any] = {"owned": True} if self.owned else {}
        if self.reason:
            said["reason"] = self.reason
        return {
            "kind": self.kind,
            "column": self.column,
            "severity": str(self.severity),
            "parameters": dict(self.parameters),
            **said,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Expectation":
        """Return the expectation that `to_dict` described."""
        return cls(
            record["kind"],
            record["column"],
            Severity(record["severity"]),
            dict(record["parameters"]),
            bool(record.get("owned", False)),
            str(record.get("reason", "")),
        )


def snake_name(kind: str) -> str:
    """Return a kind as Great Expectations' documentation writes it.

    Examples
    --------
    >>> snake_name("ExpectColumnPairValuesAToBeGreaterThanB")
    'expect_column_pair_values_a_to_be_greater_than_b'
    """
    return _CAPITAL.sub("_", kind).lower()

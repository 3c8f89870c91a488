"""One promise about a table, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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
)
"""Kinds of expectations; each is a class of Great Expectations, which the core does not import."""


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
    """

    kind: str
    column: str | None
    severity: Severity
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of expectation {self.kind!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "kind": self.kind,
            "column": self.column,
            "severity": str(self.severity),
            "parameters": dict(self.parameters),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Expectation":
        """Return the expectation that `to_dict` described."""
        return cls(
            record["kind"],
            record["column"],
            Severity(record["severity"]),
            dict(record["parameters"]),
        )

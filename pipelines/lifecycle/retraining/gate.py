"""Whether a model may be retrained on a new table: what is broken, and what has only moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from espalier.pipelines.data.expectation import Severity

OnDrift = Literal["warn", "refuse"]

# What the columns are, whatever is in them: a table that breaks one of these is another table.
_SCHEMA = frozenset(
    {
        "ExpectTableColumnsToMatchSet",
        "ExpectColumnToExist",
        "ExpectColumnValuesToBeInTypeList",
    }
)


@dataclass(frozen=True, slots=True)
class BrokenExpectation:
    """An expectation of the champion's suite that the new table does not meet.

    Attributes
    ----------
    kind : str
        The class of Great Expectations.
    column : str or None
        The column it is about; None for the whole table.
    severity : Severity
        What the suite says should follow.
    text : str
        What was expected and what was seen, for people.
    """

    kind: str
    column: str | None
    severity: Severity
    text: str

    @property
    def is_schema(self) -> bool:
        """Whether it is about what the columns are, and not about what is in them."""
        return self.kind in _SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """Whether the table may be used.

    Attributes
    ----------
    refusals : tuple of str
        Why it must not be; empty when it may.
    warnings : tuple of str
        What has moved but does not stop anything.
    """

    refusals: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the table may be used."""
        return not self.refusals

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        return {
            "passed": self.passed,
            "refusals": list(self.refusals),
            "warnings": list(self.warnings),
        }


def decide_gate(
    broken: Sequence[BrokenExpectation], drift: Sequence[str], on_drift: OnDrift
) -> GateDecision:
    """Return whether a table may be used, and what speaks against it.

    A broken schema, and whatever the suite itself refuses, always refuses. A distribution that has
    moved (other broken expectations, measured drift) refuses or warns by the policy.

    Parameters
    ----------
    broken : sequence of BrokenExpectation
        Of the champion's suite.
    drift : sequence of str
        What `DriftReport.findings` lists.
    on_drift : str
        The policy.
    """
    lasting = [each.text for each in broken if each.is_schema or each.severity is Severity.REFUSE]
    moved = [
        each.text for each in broken if not each.is_schema and each.severity is not Severity.REFUSE
    ]
    moved += drift
    if on_drift == "refuse":
        return GateDecision(refusals=(*lasting, *moved), warnings=())
    return GateDecision(refusals=tuple(lasting), warnings=tuple(moved))

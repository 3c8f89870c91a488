"""The retraining gate: decide whether a model may be retrained on a new table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from espalier.pipelines.data.expectation import Severity

OnDrift = Literal["warn", "refuse"]

# Expectations about the schema: a table that breaks one of these has other columns or types.
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
        Name of the class in Great Expectations.
    column : str or None
        The column it is about; None for the whole table.
    severity : Severity
        The severity in the suite.
    text : str
        What was expected and what was observed, for display.
    owned : bool
        Whether a person stated it, with the severity that is meant.
    """

    kind: str
    column: str | None
    severity: Severity
    text: str
    owned: bool = False

    @property
    def lasts(self) -> bool:
        """Whether it refuses whatever the policy: a schema, or a severity of *refuse*."""
        return self.severity is Severity.REFUSE or (self.is_schema and not self.owned)

    @property
    def is_schema(self) -> bool:
        """Whether it is about the schema (columns and types), not about the values."""
        return self.kind in _SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """The decision whether a table may be used for retraining.

    Attributes
    ----------
    refusals : tuple of str
        Reasons against using it; empty if it may be used.
    warnings : tuple of str
        Changes that do not prevent its use.
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
    """Decide whether a table may be used for retraining, with reasons.

    A changed schema, and every broken expectation of severity *refuse*, is always refused, unless a
    person has stated that a change of the schema is a warning only. A change of distributions
    (other broken expectations, measured drift) is refused or warned about, depending on
    ``on_drift``.

    Parameters
    ----------
    broken : sequence of BrokenExpectation
        Broken expectations of the champion's suite.
    drift : sequence of str
        Lines of `DriftReport.findings`.
    on_drift : str
        The policy: ``warn`` or ``refuse``.
    """
    lasting = [each.text for each in broken if each.lasts]
    moved = [each.text for each in broken if not each.lasts]
    moved += drift
    if on_drift == "refuse":
        return GateDecision(refusals=(*lasting, *moved), warnings=())
    return GateDecision(refusals=tuple(lasting), warnings=tuple(moved))

"""The gate of a retraining: check the champion's suite and the drift, show and log the result."""

from dataclasses import dataclass

from espalier.flows.reports.drift import drift_markdown
from espalier.infra.settings import Settings
from espalier.pipelines.errors import DataRefusedError
from espalier.pipelines.lifecycle.drift.drift import DriftLimits, DriftReport
from espalier.pipelines.lifecycle.retraining.gate import GateDecision, OnDrift, decide_gate
from espalier.pipelines.pages.markdown import escape_markdown
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.data.check_staged_table import check_staged_table
from espalier.tasks.monitoring.check_champion_suite import SuiteCheck, check_champion_suite
from espalier.tasks.monitoring.lifecycle_run import LifecycleRun
from espalier.tasks.monitoring.measure_drift import measure_table_drift
from espalier.tasks.monitoring.read_last_training import PastTraining
from espalier.tasks.records import TableRef

LIMITS = DriftLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """Decision of the retraining gate, and the measured drift.

    Attributes
    ----------
    decision : GateDecision
        Whether the table may be used.
    drift : DriftReport or None
        Drift of the table; None if there was nothing to compare with.
    """

    decision: GateDecision
    drift: DriftReport | None

    def require_passed(self, past: PastTraining) -> None:
        """Raise a `DataRefusedError` with the reasons if the table may not be used."""
        refusals = self.decision.refusals
        if not refusals:
            return
        champion = f"{past.champion.name}/{past.champion.version}"
        raise DataRefusedError(
            f"{past.request.shown_data} is refused, as expectations from {champion} do not hold: "
            f"{'; '.join(refusals)}. Mend the source; if the change is meant, train anew with "
            f"espalier train --name {past.champion.name}"
        )


def gate_table(
    table: TableRef,
    past: PastTraining,
    on_drift: OnDrift,
    record: LifecycleRun,
    settings: Settings,
) -> GateResult:
    """Check a staged table against the suite and the training table of the champion.

    Parameters
    ----------
    table : TableRef
        The new table.
    past : PastTraining
        The champion, and the request of the training.
    on_drift : str
        What to do if distributions have moved: ``warn`` or ``refuse``.
    record : LifecycleRun
        MLflow run to log drift and decision to.
    settings : Settings
        Settings that name the stores.

    Raises
    ------
    UserError
        The schema is right, but the training cannot be done with this table.
    """
    suite = check_champion_suite(table, past.request, past.champion, settings)
    comparison = measure_table_drift(table, past.champion, settings, past.request.seed)
    drift = comparison.drift
    findings = () if drift is None else drift.findings(LIMITS)
    decision = decide_gate(suite.broken, findings, on_drift)
    publish_markdown("gate", _page(decision, suite), "The table against the champion's suite")
    publish_markdown("drift", drift_markdown(comparison, LIMITS), "Drift since the champion")
    record.keep("gate.json", decision.to_dict())
    for page in suite.pages:
        record.keep_file(page, "validation")
    if drift is not None:
        record.keep("drift.json", drift.to_dict())
    if decision.passed:
        check_staged_table(table, past.request)
    return GateResult(decision=decision, drift=drift)


def _page(decision: GateDecision, suite: SuiteCheck) -> str:
    title = "The table may be used." if decision.passed else "The table is refused."
    held = suite.n_expectations - len(suite.broken)
    lines = [f"**{title}** {held} of {suite.n_expectations} of the champion's expectations hold."]
    for heading, found in (("Refused for", decision.refusals), ("Warned of", decision.warnings)):
        if found:
            lines += ["", f"{heading}:", "", *(f"- {escape_markdown(line)}" for line in found)]
    return "\n".join(lines)

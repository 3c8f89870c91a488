"""Report of the flow `monitor`, as text and JSON."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from espalier.flows.reports.drift import drift_figures, drift_markdown
from espalier.flows.reports.retraining import RetrainReport
from espalier.pipelines.lifecycle.drift.drift import DriftLimits
from espalier.pipelines.pages.markdown import escape_markdown
from espalier.tasks.monitoring.score_champion import MonitoringResult

MonitorOutcome = Literal["healthy", "retrain", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorReport:
    """Outcome of the flow `monitor`; its JSON uses the attribute names as keys.

    Attributes
    ----------
    model : str
        Name of the registered model.
    version : int
        Version of the champion.
    verdict : str
        ``healthy``, ``retrain`` if a limit is exceeded, or ``unknown`` if nothing could be
        compared.
    reasons : tuple of str
        The limits that are exceeded, one line each.
    seen : MonitoringResult
        Measured score and drift.
    limits : DriftLimits
        Limits of drift.
    retraining : RetrainReport or None
        Report of the triggered retraining; None if none was done.
    refusal : str or None
        Why the triggered retraining was refused; None if it was not.
    run_id : str or None
        ID of the MLflow run of this monitoring run.
    """

    model: str
    version: int
    verdict: MonitorOutcome
    reasons: tuple[str, ...]
    seen: MonitoringResult
    limits: DriftLimits
    retraining: RetrainReport | None = None
    refusal: str | None = None
    run_id: str | None = None

    @property
    def figures(self) -> dict[str, float]:
        """Metrics for MLflow."""
        found = {
            "n_rows": self.seen.n_rows,
            "n_new": self.seen.n_new,
            "n_labelled": self.seen.n_labelled,
        }
        figures = {name: float(value) for name, value in found.items()}
        score = self.seen.score
        if score is not None:
            figures |= {
                "live_score": score.score,
                "live_low": score.interval[0],
                "live_high": score.interval[1],
                "holdout_score": score.before,
                "score_drop": score.drop,
                "score_drop_low": score.drop_interval[0],
            }
        return figures | drift_figures(self.seen.comparison.drift, self.limits)

    @property
    def line(self) -> str:
        """The outcome as one line."""
        model = f"{self.model}/{self.version}"
        if self.verdict == "unknown":
            return f"{model}: no result, as no row could be compared"
        if self.verdict == "healthy":
            return f"{model} is healthy: no limit is exceeded"
        return f"{model} should be retrained: {'; '.join(self.reasons)}"

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary."""
        drift = self.seen.comparison.drift
        return {
            "model": self.model,
            "version": self.version,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "score": None if self.seen.score is None else asdict(self.seen.score),
            "drift": None if drift is None else drift.to_dict(),
            "n_rows": self.seen.n_rows,
            "n_new": self.seen.n_new,
            "n_labelled": self.seen.n_labelled,
            "notes": list(self.seen.notes),
            "retraining": None if self.retraining is None else self.retraining.to_dict(),
            "refusal": self.refusal,
            "run_id": self.run_id,
        }

    def to_markdown(self) -> str:
        """Return the page for the Prefect UI, in Markdown."""
        seen = self.seen
        score = "No score: too few labelled rows." if seen.score is None else seen.score.text
        return "\n\n".join(
            [
                f"**{escape_markdown(self.line)}.**",
                escape_markdown(score),
                f"{seen.n_rows:,} rows, {seen.n_new:,} of them new, {seen.n_labelled:,} scored.",
                *(escape_markdown(note) for note in seen.notes),
                drift_markdown(seen.comparison, self.limits),
            ]
        )


def limits_passed(
    seen: MonitoringResult, *, max_drop: float, limits: DriftLimits
) -> tuple[str, ...]:
    """Return the limits of score and drift that are exceeded, one line each."""
    reasons = []
    if seen.score is not None and seen.score.is_worse(max_drop):
        low, high = seen.score.drop_interval
        reasons.append(
            f"{seen.score.text}: worse by {seen.score.drop:.3g} (95 % interval {low:.3g} to "
            f"{high:.3g})"
        )
    if seen.comparison.drift is not None:
        reasons.extend(seen.comparison.drift.findings(limits))
    return tuple(reasons)

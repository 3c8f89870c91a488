"""The flow `monitor`: measure score and drift of the champion on recent rows."""

from dataclasses import replace

from prefect import flow

from espalier.flows.progress.current_listener import current_listener
from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.progress.guarded_run import guarded
from espalier.flows.progress.listeners import RunListener
from espalier.flows.progress.news import tell
from espalier.flows.reports.monitoring import MonitorOutcome, MonitorReport, limits_passed
from espalier.flows.retrain_flow import retrain
from espalier.infra.orchestration.events import DRIFT
from espalier.infra.registry.registry import RegisteredVersion, resolve
from espalier.infra.settings import load_settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.errors import UserError
from espalier.pipelines.lifecycle.drift.drift import DriftLimits
from espalier.pipelines.requests.monitor import MonitorRequest
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.monitoring.lifecycle_run import LifecycleRun, lifecycle_run
from espalier.tasks.monitoring.score_champion import MonitoringResult, score_champion


@with_run_hooks
@flow(
    name="monitor",
    description="Score the champion on recent rows, measure drift, retrain if a limit is exceeded.",
    flow_run_name="monitor {request.name}",
    persist_result=False,
)
@guarded
def monitor(request: MonitorRequest) -> MonitorReport:
    """Score the champion on recent rows, measure drift, and retrain if a limit is exceeded.

    Raises
    ------
    UserError
        There is no such model, or the rows cannot be read or scored.
    """
    settings, listener = load_settings(), current_listener()
    tracking = Tracking(settings, request.name).open_soon()
    listener.phase("monitor")
    champion = resolve(request.name, settings)
    limits = DriftLimits(index=request.max_drift)
    asked = request.model_dump(mode="json")
    with lifecycle_run(tracking, "monitor", champion, asked) as record:
        seen = score_champion(request, champion, settings)
        report = _evaluate(request, champion, seen, limits, record)
        publish_markdown("monitor", report.to_markdown(), "The champion on recent rows")
        record.keep("monitor.json", report.to_dict())
        _tell(report, listener)
        if report.verdict == "retrain":
            tell(DRIFT, f"{report.model}/{report.version}", "has drifted", report.reasons)
        record.conclude(report.verdict, report.figures)
    if report.verdict != "retrain" or not request.retrain:
        return report
    return _retrain(request, report, record, listener)


def _evaluate(
    request: MonitorRequest,
    champion: RegisteredVersion,
    seen: MonitoringResult,
    limits: DriftLimits,
    record: LifecycleRun,
) -> MonitorReport:
    reasons = limits_passed(seen, max_drop=request.max_score_drop, limits=limits)
    known = seen.score is not None or seen.comparison.drift is not None
    verdict: MonitorOutcome = "retrain" if reasons else "healthy" if known else "unknown"
    return MonitorReport(
        model=champion.name,
        version=champion.version,
        verdict=verdict,
        reasons=reasons,
        seen=seen,
        limits=limits,
        run_id=record.run_id,
    )


def _tell(report: MonitorReport, listener: RunListener) -> None:
    for note in report.seen.notes:
        listener.note(note)
    for reason in report.reasons:
        listener.warn(reason)


def _retrain(
    request: MonitorRequest, report: MonitorReport, record: LifecycleRun, listener: RunListener
) -> MonitorReport:
    """Run the retraining; if it is refused, note that in the report instead of failing."""
    try:
        retraining = retrain(request.retraining)
    except UserError as error:
        listener.warn(f"the retraining is refused: {error}")
        record.tag({"triggered": "refused"})
        return replace(report, refusal=str(error))
    version = retraining.version
    record.tag({"triggered": "no new data" if version is None else f"{request.name}/{version}"})
    return replace(report, retraining=retraining)

"""The flow `learn`: fit a performance predictor to the trials logged in MLflow."""

import tempfile
from pathlib import Path

from prefect import flow

from espalier.flows.progress.current_listener import current_listener
from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.progress.guarded_run import guarded
from espalier.flows.reports.learning import LearnOutcome, LearnReport
from espalier.infra.registry.run_experience import RunExperience
from espalier.infra.settings import Settings, load_settings
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.owned_run import owned_run
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.requests.learn import LearnRequest
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.experience.fit_predictor import fit_predictor
from espalier.tasks.experience.gather_trials import GatheredTrials, gather_trials
from espalier.tasks.experience.register_predictor import register_predictor


@with_run_hooks
@flow(
    name="learn",
    description="Learn from the trials in MLflow what to try first; use it if it is not worse.",
    flow_run_name="learn",
    persist_result=False,
)
@guarded
def learn(request: LearnRequest) -> LearnReport:
    """Fit a performance predictor to all trials in MLflow; use it if it is not worse.

    Only trials logged since the last time are read. The new predictor and the present one are
    compared on each dataset after being fitted to the others.
    """
    settings, listener = load_settings(), current_listener()
    tracking, own = Tracking(settings).open_soon(), RunExperience(settings)
    with own.lock():
        listener.phase("read")
        gathered = gather_trials(settings, request.experiments)
        if not (gathered.n_own and (gathered.is_new or request.force)):
            report = LearnReport(verdict="nothing new", gathered=gathered)
        else:
            with owned_run(tracking, "learn", {run_tags.KIND: "learn"}) as run_id:
                report = _learn(request, settings, tracking, run_id, gathered)
                tracking.set_tags(run_id, {run_tags.OUTCOME: report.verdict})
                tracking.finish_run(run_id, report.figures)
            own.learned(gathered.n_own)
    publish_markdown("learn", "\n\n".join(report.lines), "What was learned")
    return report


def _learn(
    request: LearnRequest,
    settings: Settings,
    tracking: Tracking,
    run_id: str,
    gathered: GatheredTrials,
) -> LearnReport:
    listener = current_listener()
    with tempfile.TemporaryDirectory(prefix="espalier-") as scratch:
        listener.phase("learn")
        learned = fit_predictor(settings, Path(scratch) / "fitted", request.seed)
        listener.note(learned.comparison.words)
        if learned.forecasts:
            listener.note(learned.forecasts)
        listener.phase("register")
        promoted = request.promote == "auto" and learned.comparison.is_not_worse
        version = register_predictor(
            tracking, run_id, Path(scratch) / "fitted", learned, promoted=promoted
        )
    verdict: LearnOutcome = "promoted" if promoted else "kept"
    return LearnReport(
        verdict=verdict, gathered=gathered, learned=learned, version=version, run_id=run_id
    )

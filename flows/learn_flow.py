"""The story of a learning: what trainings left in MLflow becomes experience for the next ones."""

import tempfile
from pathlib import Path

from prefect import flow

from espalier.flows.progress.current_listener import current_watcher
from espalier.flows.progress.flow_hooks import watched
from espalier.flows.reports.learning import LearnReport, Verdict
from espalier.infra.registry.run_experience import OwnExperience
from espalier.infra.settings import Settings, load_settings
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.owned_run import owned_run
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.requests.learn import LearnRequest
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.experience.fit_predictor import learn_predictor
from espalier.tasks.experience.gather_trials import Gathered, gather_trials
from espalier.tasks.experience.register_predictor import keep_predictor


@watched
@flow(
    name="learn",
    description="Learn from the trials in MLflow what to try first; use it if it is not worse.",
    flow_run_name="learn",
    persist_result=False,
)
def learn(request: LearnRequest) -> LearnReport:
    """Learn from every trial that MLflow has; what was read before is not read again.

    The new predictor and the present one are compared on all datasets, each left out of what they
    learned from. The new one serves if it is not worse.
    """
    settings, watcher = load_settings(), current_watcher()
    tracking, own = Tracking(settings).open_soon(), OwnExperience(settings)
    with own.lock():
        watcher.phase("read")
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
    request: LearnRequest, settings: Settings, tracking: Tracking, run_id: str, gathered: Gathered
) -> LearnReport:
    watcher = current_watcher()
    with tempfile.TemporaryDirectory(prefix="espalier-") as scratch:
        watcher.phase("learn")
        learned = learn_predictor(settings, Path(scratch) / "fitted", request.seed)
        watcher.note(learned.contest.words)
        watcher.phase("register")
        promoted = request.promote == "auto" and learned.contest.is_not_worse
        version = keep_predictor(
            tracking, run_id, Path(scratch) / "fitted", learned, promoted=promoted
        )
    verdict: Verdict = "promoted" if promoted else "kept"
    return LearnReport(
        verdict=verdict, gathered=gathered, learned=learned, version=version, run_id=run_id
    )

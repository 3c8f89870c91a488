"""Log the HTML report of a training run to MLflow."""

from espalier.infra.tracking.artifacts import EXPLANATION_FILE, REPORT_FILE, SEARCH_FILE
from espalier.tasks.pages.report_page import ReportFacts, report_page
from espalier.tasks.policies import retried_task
from espalier.tasks.records import TrainingRun


@retried_task(
    name="report",
    description="Write the HTML report and log it to MLflow.",
    tags=["espalier", "tracking"],
)
def log_report(run: TrainingRun, facts: ReportFacts) -> None:
    """Log the report as HTML, and the explanations of model and search as JSON."""
    run.tracking.log_text(run.run_id, report_page(facts), REPORT_FILE)
    run.tracking.log_json(run.run_id, facts.explanation.to_dict(), EXPLANATION_FILE)
    if facts.story is not None:
        run.tracking.log_json(run.run_id, facts.story.to_dict(), SEARCH_FILE)

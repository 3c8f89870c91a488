"""The report of a training, kept beside its run in MLflow."""

from espalier.infra.tracking.artifacts import EXPLANATION_FILE, REPORT_FILE
from espalier.tasks.pages.report_page import ReportFacts, report_page
from espalier.tasks.policies import retried_task
from espalier.tasks.records import TrainingRun


@retried_task(
    name="report",
    description="Write the report, a page of HTML, and keep it beside the run in MLflow.",
    tags=["espalier", "tracking"],
)
def log_report(run: TrainingRun, facts: ReportFacts) -> None:
    """Log the page, and the explanation for machines."""
    run.tracking.log_text(run.run_id, report_page(facts), REPORT_FILE)
    run.tracking.log_json(run.run_id, facts.explanation.to_dict(), EXPLANATION_FILE)

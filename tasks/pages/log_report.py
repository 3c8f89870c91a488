"""The report of a training, kept beside its run in MLflow."""

from espalier.infra.tracking.artifacts import EXPLANATION_FILE, REPORT_FILE
from espalier.infra.tracking.tracking import Tracking
from espalier.tasks.pages.report_page import ReportFacts, report_page
from espalier.tasks.policies import retried_task


@retried_task(
    name="report",
    description="Write the report, a page of HTML, and keep it beside the run in MLflow.",
    tags=["espalier", "tracking"],
)
def log_report(tracking: Tracking, run_id: str, facts: ReportFacts) -> None:
    """Log the page, and the explanation for machines."""
    tracking.log_text(run_id, report_page(facts), REPORT_FILE)
    tracking.log_json(run_id, facts.explanation.to_dict(), EXPLANATION_FILE)

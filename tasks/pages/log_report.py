"""Log the report of a training run to MLflow."""

from espalier.infra.tracking.artifacts import (
    EXPLANATION_FILE,
    REPORT_FILE,
    REPORT_TEXT_FILE,
    SEARCH_FILE,
)
from espalier.pipelines.pages.markdown_page import render_markdown
from espalier.pipelines.pages.page import render_page
from espalier.tasks.pages.report_page import ReportFacts, page_facts
from espalier.tasks.policies import retried_task
from espalier.tasks.records import TrainingRun


@retried_task(
    name="report",
    description="Write the HTML report and log it to MLflow.",
    tags=["espalier", "tracking"],
)
def log_report(run: TrainingRun, facts: ReportFacts) -> None:
    """Log the report as HTML and as Markdown, and the explanations of model and search as JSON."""
    page = page_facts(facts)
    run.tracking.log_text(run.run_id, render_page(page), REPORT_FILE)
    run.tracking.log_text(run.run_id, render_markdown(page), REPORT_TEXT_FILE)
    run.tracking.log_json(run.run_id, facts.explanation.to_dict(), EXPLANATION_FILE)
    if facts.story is not None:
        run.tracking.log_json(run.run_id, facts.story.to_dict(), SEARCH_FILE)

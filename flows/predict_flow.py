"""The flow `predict`: predict a table with a registered model, and write the result."""

from prefect import flow
from prefect.logging import get_run_logger

from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.progress.guarded_run import guarded
from espalier.pipelines.pages.markdown import escape_markdown
from espalier.pipelines.requests.predict import PredictRequest
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.policies import retried_task
from espalier.tasks.prediction.score_table import ScoreRecord, score_table

score = retried_task(
    name="score",
    tags=["espalier", "serving"],
)(score_table)


@with_run_hooks
@flow(
    name="predict",
    description="Score a table, a pattern of files or a query with a registered model.",
    flow_run_name="predict {request.model}",
    persist_result=False,
)
@guarded
def predict(request: PredictRequest) -> ScoreRecord:
    """Predict a table with a registered model, and write the predictions to a file."""
    record = score(request)
    logger = get_run_logger()
    for line in record.warnings:
        logger.warning("%s", line)
    logger.info("%d rows scored by %s -> %s", record.n_rows, record.model, record.path)
    publish_markdown("predictions", _markdown(record, request), "What was scored, and where it is")
    return record


def _markdown(record: ScoreRecord, request: PredictRequest) -> str:
    lines = [
        f"**{record.n_rows:,} rows** scored by **{record.model}**",
        "",
        "| | |",
        "| --- | --- |",
        f"| data | {escape_markdown(request.shown_data)} |",
        f"| files | {record.n_sources} |",
        f"| predictions | {escape_markdown(str(record.path.absolute()))} |",
    ]
    if record.warnings:
        lines += [
            "",
            "**Noticed**",
            "",
            *(f"- {escape_markdown(line)}" for line in record.warnings),
        ]
    return "\n".join(lines)

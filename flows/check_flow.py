"""The flow `check`: ask champions the rows they were saved with, with what is installed here."""

from prefect import flow
from prefect.logging import get_run_logger

from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.reports.checking import CheckReport
from espalier.pipelines.requests.check import CheckRequest
from espalier.pipelines.serving.model_check import ModelDiffersError
from espalier.tasks.artifacts import publish_table
from espalier.tasks.monitoring.check_models import check_champions


@with_run_hooks
@flow(
    name="check",
    description="Ask all champions the rows they were saved with, with the packages installed "
    "here; fail if one answers differently.",
    flow_run_name="check",
    persist_result=False,
)
def check(request: CheckRequest) -> CheckReport:
    """Try all champions with the installed packages, and fail if one answers differently.

    The failure is what a schedule notices: it is sent to the target of the setting ``notify``.

    Raises
    ------
    ModelDiffersError
        A model does not answer as when it was logged, or cannot be opened; all are named.
    UserError
        There is no such model.
    """
    report = CheckReport.of(check_champions(request))
    publish_table("check", report.rows, "Which models answer as when they were logged")
    if report.distrusted:
        raise ModelDiffersError(report.line)
    get_run_logger().info("%s", report.line)
    return report

"""The flow `rollback`: make the previous champion serve again."""

from prefect import flow
from prefect.logging import get_run_logger

from espalier.flows.progress.acting import acting_person, unproven_name
from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.progress.guarded_run import guarded
from espalier.infra.settings import load_settings
from espalier.pipelines.lifecycle.promotion.decision import Decision
from espalier.pipelines.pages.markdown import escape_markdown
from espalier.pipelines.requests.promote import RollbackRequest
from espalier.tasks.artifacts import publish_markdown
from espalier.tasks.policies import retried_task
from espalier.tasks.promotion.roll_back import roll_back

put_back = retried_task(
    name="roll back",
    description="Move the alias champion to the version of the alias previous.",
    tags=["espalier", "registry"],
)(roll_back)


@with_run_hooks
@flow(
    name="rollback",
    description="Make the previous champion serve again; the version rolled back loses its alias.",
    flow_run_name="rollback {request.name}",
    persist_result=False,
)
@guarded
def rollback(request: RollbackRequest) -> Decision:
    """Make the previous champion serve again; return the recorded decision."""
    said_by = unproven_name(request.actor)
    if said_by:
        request = request.model_copy(
            update={"reason": " ".join((request.reason or "", *said_by)).strip()}
        )
    decision = put_back(request, load_settings(), actor=acting_person(request.actor))
    said = " ".join(decision.reasons)
    get_run_logger().info("%s", said)
    who = escape_markdown(decision.actor)
    publish_markdown("rollback", f"{escape_markdown(said)}\n\nDecided by {who}.", "The decision")
    return decision

"""The story of a rollback: the previous champion serves again, in one step."""

from prefect import flow
from prefect.logging import get_run_logger

from flows.hooks import watched
from infra.actor import current_actor
from infra.settings import load_settings
from pipelines.lifecycle.decision import Decision
from pipelines.lifecycle.promote_request import RollbackRequest
from tasks.artifacts import publish_markdown
from tasks.markdown_text import in_markdown
from tasks.policies import retried_task
from tasks.roll_back import roll_back

put_back = retried_task(
    name="roll back",
    description="Move the alias champion to the version of the alias previous.",
    tags=["espalier", "registry"],
)(roll_back)


@watched
@flow(
    name="rollback",
    description="Put the previous champion back; what is rolled back gets no alias.",
    flow_run_name="rollback {request.name}",
    persist_result=False,
)
def rollback(request: RollbackRequest) -> Decision:
    """Put the previous champion back; return the decision as it is on record."""
    decision = put_back(request, load_settings(), actor=request.actor or current_actor())
    said = " ".join(decision.reasons)
    get_run_logger().info("%s", said)
    who = in_markdown(decision.actor)
    publish_markdown("rollback", f"{in_markdown(said)}\n\nDecided by {who}.", "The decision")
    return decision

"""Let the deployment of `promote` ask a person, so that the flow that needs it can end.

A flow that another flow has called cannot be suspended (Prefect), and a retraining should not wait
for a person.
"""

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client

from espalier.flows.progress.acting import current_run
from espalier.flows.progress.approval import is_asked_here
from espalier.infra.orchestration.owners import owner_tag
from espalier.infra.orchestration.questions import FLOW
from espalier.pipelines.requests.promote import PromoteRequest

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse

_LOG = logging.getLogger(__name__)


def hand_over_promotion(request: PromoteRequest) -> str | None:
    """Start a run of `promote` beside this one, and return its name.

    It runs where this one does: on the same `espalier serve`, or in the same work pool. A flow that
    is repeated starts it once.

    Returns
    -------
    str or None
        None if this flow run belongs to no deployment, or there is none of `promote` beside it.
    """
    if is_asked_here():
        return None
    with get_client(sync_client=True) as client:
        here = _deployment_here(client)
        beside = None if here is None else _promotion_beside(client, here)
        if beside is None:
            return None
        run = client.create_flow_run_from_deployment(
            beside.id,
            parameters={"request": request.model_dump(mode="json")},
            name=f"{FLOW} {request.name}",
            idempotency_key=f"promotion after {current_run().id}",
        )
        _LOG.info("the promotion of %s is decided by the flow run %s", request.name, run.id)
        return str(run.name)


def _deployment_here(client: SyncPrefectClient) -> "DeploymentResponse | None":
    """Return the deployment that this flow, or the one that called it, is a run of."""
    from prefect.runtime import flow_run

    run = current_run()
    if run.parent_task_run_id is not None:
        run = client.read_flow_run(UUID(str(flow_run.root_flow_run_id)))
    return None if run.deployment_id is None else client.read_deployment(run.deployment_id)


def _promotion_beside(
    client: SyncPrefectClient, here: "DeploymentResponse"
) -> "DeploymentResponse | None":
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName

    found = client.read_deployments(flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW])))
    whose = owner_tag(here.tags)
    return next(
        (
            each
            for each in found
            if owner_tag(each.tags) == whose
            and each.work_pool_name == here.work_pool_name
            and "scheduled" not in each.tags
        ),
        None,
    )

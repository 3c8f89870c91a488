"""Publish deployments on a Prefect server that others may use too.

- Each deployment has a tag that names its owner (`espalier.infra.orchestration.owners`). One that
  somebody else has published under the same name is left alone; ours is then called
  ``NAME (OWNER)``.
- What is published already as it should be is not published again: Prefect would delete its
  planned runs, and plan them again from a little later on.
- A pause, or a schedule switched off on its page, was made by a person and stays. What this
  `serve` itself has paused, because its schedule is no longer in the file, has the tag
  ``withdrawn``, and goes on when the schedule is back.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from espalier.flows.serving.deployments import TAG
from espalier.infra.orchestration.owners import Owner, owner_tag

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.deployments.runner import RunnerDeployment

    from espalier.flows.serving.runner import ServingRunner

_LOG = logging.getLogger(__name__)

SCHEDULED = "scheduled"
WITHDRAWN = "withdrawn"
_PAGE = 200

Found = dict[tuple[str, str], "DeploymentResponse"]
"""Deployments on the server, by the names of flow and deployment."""


async def publish(
    runner: "ServingRunner", deployments: "Sequence[RunnerDeployment]", owner: Owner
) -> "tuple[RunnerDeployment, ...]":
    """Publish the deployments, and have ``runner`` execute their runs; return them as published.

    Deployments of schedules that the owner has published earlier, and does not any more, are
    paused.
    """
    from prefect.client.orchestration import get_client

    async with get_client() as client:
        found = await _find(client, deployments)
        placed = {
            await _place(client, runner, each, found): each
            for each in (_as_ours(each, found, owner) for each in deployments)
        }
        # Another `serve` that began at the same moment may have taken the same name.
        found = await _find(client, deployments)
        for deployment_id, each in list(placed.items()):
            there = found.get((str(each.flow_name), str(each.name)))
            if there is not None and owner_tag(there.tags) != owner.tag:
                runner.leave(deployment_id)
                del placed[deployment_id]
                ours = _as_ours(each, found, owner)
                placed[await _place(client, runner, ours, found)] = ours
        await _withdraw(client, set(placed), found, owner)
    return tuple(placed.values())


async def _find(client: "PrefectClient", deployments: "Sequence[RunnerDeployment]") -> Found:
    """Return every deployment of the flows concerned, whoever has published it."""
    from prefect.client.schemas.filters import FlowFilter, FlowFilterName

    names = FlowFilter(
        name=FlowFilterName(any_=sorted({str(each.flow_name) for each in deployments}))
    )
    flows = {each.id: each.name for each in await client.read_flows(flow_filter=names)}
    found: Found = {}
    while page := await client.read_deployments(flow_filter=names, limit=_PAGE, offset=len(found)):
        found |= {(flows[each.flow_id], each.name): each for each in page if each.flow_id in flows}
        if len(page) < _PAGE:
            break
    return found


def _as_ours(each: "RunnerDeployment", found: Found, owner: Owner) -> "RunnerDeployment":
    """Return the deployment with its owner, under a name that is free, and paused as it was."""
    flow, base = str(each.flow_name), str(each.name).removesuffix(f" ({owner.key})")
    names = (base, f"{base} ({owner.key})")
    places = {name: found.get((flow, name)) for name in names}
    mine = [name for name, there in places.items() if there and owner_tag(there.tags) == owner.tag]
    first = places[base]
    name = mine[0] if mine else names[0] if first is None or _is_nobodys(first) else names[1]
    if not mine and name != base:
        _LOG.warning("%s/%s belongs to another `espalier serve`; ours is %r", flow, base, name)
    changes: dict[str, Any] = {"name": name}
    if owner.tag not in each.tags:
        changes["tags"] = [*each.tags, owner.tag]
    there = places[name] if mine else None
    if there is not None:
        changes["paused"] = there.paused and WITHDRAWN not in there.tags
        switched_off = {one.slug for one in there.schedules if not one.active}
        changes["schedules"] = [
            one.model_copy(update={"active": one.slug not in switched_off})
            for one in each.schedules or ()
        ]
    return each.model_copy(update=changes)


def _is_nobodys(there: "DeploymentResponse") -> bool:
    """Whether an Espalier that knew no owners has published it; not by ``prefect deploy``."""
    return TAG in there.tags and owner_tag(there.tags) is None and there.work_pool_name is None


async def _place(
    client: "PrefectClient", runner: "ServingRunner", each: "RunnerDeployment", found: Found
) -> UUID:
    """Publish a deployment unless it is there as it should be; return its id."""
    there = found.get((str(each.flow_name), str(each.name)))
    if there is not None and _is_as(there, each):
        runner.take(there.id, there.name)
        return there.id
    made = await runner.aadd_deployment(each)
    if each.schedules and not each.paused:
        # Else it would be a few seconds until runs are planned again, and one due then is lost.
        await client.request(
            "POST", "/deployments/{id}/schedule", path_params={"id": made}, json={}
        )
    return made


def _is_as(there: "DeploymentResponse", each: "RunnerDeployment") -> bool:
    """Whether a deployment on the server is what would be published."""
    limit = there.global_concurrency_limit
    return (
        (there.version, there.description, there.entrypoint, there.paused)
        == (each.version, each.description, each.entrypoint, bool(each.paused))
        and set(there.tags) == set(each.tags)
        and there.parameters == each.parameters
        and there.parameter_openapi_schema
        == each._parameter_openapi_schema.model_dump(mode="json", exclude_unset=True)
        and (None if limit is None else limit.limit) == each.concurrency_limit
        and _clocks(there.schedules) == _clocks(each.schedules or ())
    )


def _clocks(schedules: Sequence[Any]) -> set[tuple[Any, ...]]:
    return {
        (one.slug, one.schedule.cron, one.schedule.timezone, one.active is not False)
        for one in schedules
        if hasattr(one.schedule, "cron")
    }


async def _withdraw(
    client: "PrefectClient", published: set[UUID], found: Found, owner: Owner
) -> None:
    """Pause what the owner has scheduled earlier and no longer does; not what a person paused."""
    from prefect.client.schemas.actions import DeploymentUpdate

    for there in found.values():
        is_ours = owner_tag(there.tags) == owner.tag and SCHEDULED in there.tags
        if is_ours and there.id not in published and not there.paused:
            await client.pause_deployment(there.id)
            await client.update_deployment(
                there.id, DeploymentUpdate(tags=[*there.tags, WITHDRAWN])
            )

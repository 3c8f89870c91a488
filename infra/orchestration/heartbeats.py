"""Let Prefect mark a run as crashed if its heartbeats stop, on any machine.

Runs that `espalier serve` or a work pool starts send a heartbeat each minute. The automation below
lives in the Prefect server and can be edited or switched off on its page; the first of these runs
makes it.
"""

import logging
from datetime import timedelta

_LOG = logging.getLogger(__name__)

NAME = "Espalier: a run without heartbeats has crashed"
SECONDS_BETWEEN = 60
# What makes runs send heartbeats; prefect.yaml gives it to those of work pools.
VARIABLES = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(SECONDS_BETWEEN)}
# A busy machine may be late with a heartbeat, but does not miss ten in a row.
SILENCE = timedelta(minutes=10)


def watch_heartbeats() -> None:
    """Create the automation unless it exists; if the server has no automations, only log that."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification

    beat = "prefect.flow-run.heartbeat"
    ends = ("Completed", "Failed", "Crashed", "Cancelled", "Suspended", "Paused")
    automation = AutomationCore(
        name=NAME,
        description="Runs whose machine stopped would be shown as running for ever.",
        tags=["espalier"],
        trigger=EventTrigger(
            after={beat},
            expect={beat, *(f"prefect.flow-run.{each}" for each in ends)},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            match_related=ResourceSpecification(
                {"prefect.resource.id": ["prefect.tag.espalier"], "prefect.resource.role": "tag"}
            ),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENCE,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message="No heartbeat for ten minutes: its process or machine is gone.",
            )
        ],
    )
    try:
        with get_client(sync_client=True) as client:
            if not client.read_automations_by_name(NAME):
                client.create_automation(automation)
    except Exception:
        _LOG.warning("the automation %r could not be made", NAME, exc_info=True)

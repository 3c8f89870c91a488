"""Who a decision is recorded for: whom the authenticating proxy names, or the user of the process.

What people type into a form is no name: it is kept as what they said.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from espalier.infra.actor import current_actor
from espalier.infra.orchestration.proxy_user import ANSWERED_BY, STARTED_BY
from espalier.infra.settings import load_settings

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun


def current_run() -> "FlowRun":
    """Return the flow run that this is called in.

    Raises
    ------
    RuntimeError
        It is not called in a flow.
    """
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("this belongs to a flow run, and none is going on")
    return context.flow_run


def acting_person(given: str | None) -> str:
    """Return for whom decisions of this flow run are recorded.

    Parameters
    ----------
    given : str or None
        The name in the request. It counts on the command line and in scripts, whose user could
        record anything anyway, and not in a form, where anybody can write anything.
    """
    run = current_run()
    if run.deployment_id is None:
        return given or current_actor()
    return _named(run.id, STARTED_BY) or current_actor()


def unproven_name(given: str | None) -> tuple[str, ...]:
    """Return a sentence with the name that a form gave, which nobody has checked."""
    if not given or current_run().deployment_id is None:
        return ()
    return (f"It was asked for in the name of {given!r}.",)


def answered_by_name(run_id: UUID) -> str | None:
    """Return who has answered the question of a run; None if unknown."""
    return _named(run_id, ANSWERED_BY)


def _named(run_id: UUID, key: str) -> str | None:
    if load_settings().user_header is None:
        return None  # without the proxy, anybody could have stored a name
    from prefect.input.actions import read_flow_run_input

    name = read_flow_run_input(key, flow_run_id=run_id)
    return str(name) if name else None

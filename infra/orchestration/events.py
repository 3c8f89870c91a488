"""Events of ours in Prefect, on which automations can act: deploy what was promoted, call somebody.

Each has the resource ``espalier.model.NAME`` (or ``espalier.flow.NAME``), the flow run as a related
resource, and what a notification would say as its payload.
"""

import logging
from collections.abc import Mapping
from typing import Any

_LOG = logging.getLogger(__name__)

ASKED = "espalier.promotion.asked"
PROMOTED = "espalier.promotion.promoted"
REFUSED = "espalier.promotion.refused"
UNANSWERED = "espalier.promotion.unanswered"
DRIFT = "espalier.drift"
FAILED = "espalier.failed"


def emit(event: str, resource: str, name: str, payload: Mapping[str, Any]) -> None:
    """Emit an event, if there is a Prefect server; errors are only logged.

    Parameters
    ----------
    event : str
        Its name.
    resource : str
        Id of what it is about.
    name : str
        Name of that, for people.
    payload : mapping
        JSON-ready facts, without secrets.
    """
    from prefect.events import emit_event
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():  # Prefect would start a server to tell it
        return
    try:
        emit_event(
            event=event,
            resource={"prefect.resource.id": resource, "prefect.resource.name": name},
            payload=dict(payload),
        )
    except Exception:
        _LOG.warning("the event %s could not be emitted", event, exc_info=True)

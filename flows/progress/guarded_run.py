"""What is around every flow: who asked for it, how long it may take, what it may tell."""

import functools
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast

from espalier.flows.progress.run_limit import extend_limit, run_limit
from espalier.infra.access.origin import (
    OPERATOR,
    Origin,
    asked_by,
    current_origin,
    is_run_of_prefect,
)
from espalier.infra.log_redaction import secrets_hidden
from espalier.infra.operations.interrupted_runs import UNAVAILABLE
from espalier.infra.orchestration.declared import declaration, digest
from espalier.infra.settings import Settings, load_settings
from espalier.pipelines.cell_display import cells_hidden
from espalier.pipelines.errors import UserError
from espalier.pipelines.redaction import redact
from espalier.pipelines.requests.form import Form
from espalier.tasks.policies import can_pass

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

_LOG = logging.getLogger(__name__)

Q = TypeVar("Q", bound=Form)
R = TypeVar("R")

_IS_INSIDE: ContextVar[bool] = ContextVar("espalier_inside_a_flow", default=False)

# What no form may set, and what to do instead.
_NOT_OF_FORMS = {
    "dask": "a scheduler is sent code, so its address is not taken from a form; give it in the "
    "file of schedules, or as ESPALIER_DASK_ADDRESS of the process that serves the flows",
    "extends": "use the flow `extend`",
}


def guarded(flow: Callable[[Q], R]) -> Callable[[Q], R]:
    """Decorate the function of a flow; a flow that another one calls shares its caller's guard.

    The request decides whose work it is (`espalier.infra.access.origin`): in a process of Prefect's
    it is the operator's if it stands in the file of schedules, else a form's.
    """

    @functools.wraps(flow)
    def run(request: Q) -> R:
        settings = load_settings()
        if _IS_INSIDE.get():
            extend_limit(request, settings)
            return flow(request)
        if not is_run_of_prefect():
            return _run(flow, request, current_origin())
        with run_limit(request, settings):
            try:
                return _run(flow, request, _origin(flow.__name__, request, settings))
            except Exception as error:
                if not can_pass(error):
                    raise
                return cast(R, _unavailable(error))

    return run


def _run(flow: Callable[[Q], R], request: Q, origin: Origin) -> R:
    _require_form_fields(request, origin)
    token = _IS_INSIDE.set(True)
    try:
        with asked_by(origin), secrets_hidden(), cells_hidden():
            return flow(request)
    finally:
        _IS_INSIDE.reset(token)


def _unavailable(error: Exception) -> "State[Any]":
    """Return the state of a run that ends because of something that passes.

    Prefect takes a state that a flow returns for the run's; a scheduled run in this one is tried
    again (`espalier.infra.operations.interrupted_runs`).
    """
    from prefect.states import Failed

    _LOG.error("the run ends for a reason that may pass", exc_info=error)
    return Failed(name=UNAVAILABLE, message=f"{type(error).__name__}: {redact(str(error))}")


def _origin(flow: str, request: Form, settings: Settings) -> Origin:
    """Return whose request it is, in a run of Prefect's."""
    declared = declaration()
    if digest(flow, request, settings) in declared.digests:
        return OPERATOR
    return Origin(is_form=True, names=declared.names)


def _require_form_fields(request: Form, origin: Origin) -> None:
    """Refuse what only an operator may ask for, whatever the form in the browser shows.

    Raises
    ------
    UserError
        A form has set it.
    """
    for field, instead in _NOT_OF_FORMS.items():
        if origin.is_form and getattr(request, field, None):
            raise UserError(f"{field} cannot be set in a form: {instead}")

"""Hooks of every flow: record its process while it runs, and notify of its failure."""

import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from espalier.infra.operations.notify import Failure, notify
from espalier.infra.orchestration.events import FAILED, emit
from espalier.infra.orchestration.heartbeats import watch_heartbeats
from espalier.infra.processes.records import forget_process, note_process
from espalier.infra.settings import load_settings
from espalier.pipelines.redaction import redact

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State

P = ParamSpec("P")
R = TypeVar("R")

_LOGGER = logging.getLogger(__name__)


def with_run_hooks(flow: "Flow[P, R]") -> "Flow[P, R]":
    """Add the hooks to a flow and return it.

    While the flow runs its process is on record; a failure is sent to the target of the setting
    ``notify``.
    """
    flow.on_running(note_begin)
    flow.on_completion(note_end)
    for on_end in (flow.on_failure, flow.on_crashed):
        on_end(note_end)
        on_end(notify_failure)
    return flow


def note_begin(flow: "Flow[Any, Any]", flow_run: "FlowRun", state: "State[Any]") -> None:
    """Record which process executes the flow run."""
    del flow, state  # Prefect passes them by name

    note_process(load_settings(), str(flow_run.id))
    if flow_run.work_pool_name is not None:  # `espalier serve` has done so for its own runs
        watch_heartbeats()


def note_end(flow: "Flow[Any, Any]", flow_run: "FlowRun", state: "State[Any]") -> None:
    """Delete the record of the process: Prefect knows that the run has ended."""
    del flow, state

    forget_process(load_settings(), str(flow_run.id))


def notify_failure(flow: "Flow[Any, Any]", flow_run: "FlowRun", state: "State[Any]") -> None:
    """Tell that the run failed, as an event and as a message; of a subflow, its parent does."""
    from prefect.utilities.urls import url_for

    if flow_run.parent_task_run_id is not None:
        return
    failure = Failure(
        flow=flow.name,
        run=flow_run.name,
        state=str(state.name or state.type.value.title()),
        reason=redact(" ".join((state.message or "no reason is known").split()))[:500],
        url=url_for(flow_run) or "",
    )
    emit(FAILED, f"espalier.flow.{flow.name}", flow.name, asdict(failure))
    target = load_settings().notify
    if target is not None:
        notify(target, failure)

"""Ask a person to approve a promotion, in the Prefect UI or through the calling program.

A run of a deployment is suspended: its process ends, and its place among the runs is free. The
answer schedules it again, in whatever process then runs that deployment. A run without one, such as
a script's, can only be paused: the script waits.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run, suspend_flow_run
from prefect.input import RunInput
from prefect.input.actions import read_flow_run_input
from prefect.input.run_input import keyset_from_base_key
from pydantic import Field

from espalier.flows.progress.acting import answered_by_name, current_run
from espalier.infra.orchestration.questions import KEEP, PROMOTE
from espalier.infra.processes.records import forget_process
from espalier.infra.settings import load_settings

SOMEBODY = "somebody in the Prefect UI"
POLL_SECONDS = 5
# `espalier serve` concludes what is late. Where none runs, Prefect fails it after so much longer.
_SPARE_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAnswer:
    """A person's answer to a promotion.

    Attributes
    ----------
    approved : bool or None
        Whether the challenger may be promoted; None if no answer came in time.
    comment : str
        Comment of the person, may be empty. Whatever name stands in it, nobody has checked it.
    person : str
        Who it is, as the authenticating proxy says; empty if unknown.
    """

    approved: bool | None
    comment: str = ""
    person: str = ""


class PromotionAnswer(RunInput):
    """Form of the Prefect UI in which a person answers and resumes the waiting run."""

    answer: Literal["promote", "keep the champion"] = Field(
        default=KEEP, title="Answer", description="Whether the challenger becomes champion."
    )
    comment: str = Field(default="", title="Comment", description="Kept in the log of decisions.")


Asker = Callable[[str], ApprovalAnswer]
_ASKER: ContextVar[Asker | None] = ContextVar("espalier_asker", default=None)


@contextmanager
def answered_by(asker: Asker) -> Iterator[None]:
    """Send the questions of flows in this block to ``asker`` instead of the Prefect UI."""
    token = _ASKER.set(asker)
    try:
        yield
    finally:
        _ASKER.reset(token)


def is_asked_here() -> bool:
    """Whether the calling program answers, at once, and not somebody in the Prefect UI."""
    return _ASKER.get() is not None


def ask_person(question: str, *, hours: float, key: str) -> ApprovalAnswer:
    """Ask a person and return the answer; the flow run is suspended or paused meanwhile.

    Of a suspended run, this does not return but ends the process. The run begins anew when it is
    answered, and this, called with the same key, then returns the answer.

    Parameters
    ----------
    question : str
        Question with the facts for the decision, in Markdown.
    hours : float
        How long to wait; afterwards ``approved`` of the answer is None.
    key : str
        Identifies the question among those of the run: letters, digits and dashes.
    """
    asker = _ASKER.get()
    if asker is not None:
        return asker(question)
    run, seconds = current_run(), max(1, round(hours * 3600))
    form = PromotionAnswer.with_initial_data(description=question)
    if run.deployment_id is not None and run.parent_task_run_id is None:
        # Its process ends on purpose; whoever has its number next is not it.
        forget_process(load_settings(), str(run.id))
        said = suspend_flow_run(wait_for_input=form, timeout=seconds + _SPARE_SECONDS, key=key)
        return _answer(said, run.id, f"suspended-{key}")
    try:
        said = pause_flow_run(
            wait_for_input=form, timeout=seconds, poll_interval=POLL_SECONDS, key=key
        )
    except FlowPauseTimeout:
        _go_on()
        return ApprovalAnswer(approved=None)
    return _answer(said, run.id, f"paused-{key}")


def _answer(said: PromotionAnswer, run_id: UUID, base_key: str) -> ApprovalAnswer:
    if read_flow_run_input(keyset_from_base_key(base_key)["response"], flow_run_id=run_id) is None:
        return ApprovalAnswer(approved=None)  # it was resumed because it was late
    person = answered_by_name(run_id) or SOMEBODY
    return ApprovalAnswer(approved=said.answer == PROMOTE, comment=said.comment, person=person)


def _go_on() -> None:
    """Set the paused run to running again: no answer is an outcome, not a failure."""
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run
    from prefect.states import Running

    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run.id, Running(), force=True)

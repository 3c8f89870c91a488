"""Ask a person to approve a promotion, in the Prefect UI or through the calling program."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from pydantic import Field

PROMOTE: Literal["promote"] = "promote"
KEEP: Literal["keep the champion"] = "keep the champion"
POLL_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAnswer:
    """A person's answer to a promotion.

    Attributes
    ----------
    approved : bool or None
        Whether the challenger may be promoted; None if no answer came in time.
    comment : str
        Comment of the person, may be empty.
    person : str
        Name of the person; empty if unknown.
    """

    approved: bool | None
    comment: str = ""
    person: str = ""


class PromotionAnswer(RunInput):
    """Form of the Prefect UI in which a person answers and resumes the paused run."""

    answer: Literal["promote", "keep the champion"] = Field(
        default=KEEP, title="Answer", description="Whether the challenger becomes champion."
    )
    comment: str = Field(default="", title="Comment", description="Kept in the log of decisions.")
    person: str = Field(default="", title="Your name", description="Kept in the log of decisions.")


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


def ask_person(question: str, *, hours: float) -> ApprovalAnswer:
    """Ask a person and return the answer; the flow run is paused meanwhile.

    Parameters
    ----------
    question : str
        Question with the facts for the decision, in Markdown.
    hours : float
        How long to wait; afterwards ``approved`` of the answer is None.
    """
    asker = _ASKER.get()
    if asker is not None:
        return asker(question)
    try:
        said = pause_flow_run(
            wait_for_input=PromotionAnswer.with_initial_data(description=question),
            timeout=max(1, round(hours * 3600)),
            poll_interval=POLL_SECONDS,
        )
    except FlowPauseTimeout:
        _go_on()
        return ApprovalAnswer(approved=None)
    person = said.person.strip() or "somebody in the Prefect UI"
    return ApprovalAnswer(approved=said.answer == PROMOTE, comment=said.comment, person=person)


def _go_on() -> None:
    """Set the paused run to running again: no answer is an outcome, not a failure."""
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run
    from prefect.states import Running

    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run.id, Running(), force=True)

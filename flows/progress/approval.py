"""A person's word on a promotion: asked for in the Prefect UI, or by whoever runs the flow."""

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
    """What a person said.

    Attributes
    ----------
    approved : bool or None
        None when nobody answered in time.
    comment : str
        In the person's words.
    person : str
        Who it was; empty where that is not known.
    """

    approved: bool | None
    comment: str = ""
    person: str = ""


class PromotionAnswer(RunInput):
    """The form that the Prefect UI shows when the run is resumed."""

    answer: Literal["promote", "keep the champion"] = Field(
        default=KEEP, title="Answer", description="Whether the challenger becomes champion."
    )
    comment: str = Field(default="", title="Comment", description="Kept in the log of decisions.")
    person: str = Field(default="", title="Your name", description="Kept in the log of decisions.")


Asker = Callable[[str], ApprovalAnswer]
_ASKER: ContextVar[Asker | None] = ContextVar("espalier_asker", default=None)


@contextmanager
def answered_by(asker: Asker) -> Iterator[None]:
    """Let ``asker`` answer the questions of flows in this block, instead of the Prefect UI."""
    token = _ASKER.set(asker)
    try:
        yield
    finally:
        _ASKER.reset(token)


def ask_person(question: str, *, hours: float) -> ApprovalAnswer:
    """Return a person's answer; the flow run is paused until there is one.

    Parameters
    ----------
    question : str
        With all that is known, in Markdown.
    hours : float
        How long to wait.
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
    """Let the run go on after nobody answered: that is an outcome, not a failure."""
    from prefect.client.orchestration import get_client
    from prefect.runtime import flow_run
    from prefect.states import Running

    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run.id, Running(), force=True)

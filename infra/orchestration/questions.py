"""Questions to a person that flow runs have asked and that nobody has answered yet.

A run that asks is suspended: it has no process until somebody answers on its page. What it asked is
stored with the run on the Prefect server, and survives whatever happens to the machine that asked.
"""

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

QUESTION_KEY = "espalier-question"
"""Name under which the question stands among the inputs of its run."""
FLOW = "promote"

PROMOTE: Literal["promote"] = "promote"
KEEP: Literal["keep the champion"] = "keep the champion"
"""What a person may answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whether a challenger may become champion.

    Attributes
    ----------
    model : str
        The registered model.
    champion : int or None
        The version that serves; None if there is none.
    challenger : int
        The version that wants to.
    expires : float
        When it is too late for an answer, in seconds since 1970.
    facts : str
        What the asking flow needs to conclude, as JSON.
    """

    model: str
    champion: int | None
    challenger: int
    expires: float
    facts: str

    @property
    def has_expired(self) -> bool:
        """Whether it is too late for an answer."""
        return time.time() > self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """A question and the run that waits for the answer.

    Attributes
    ----------
    run_id, run_name
        The run in Prefect.
    is_suspended : bool
        Whether it has no process meanwhile; that of a script waits.
    question : Question
        What it asks.
    """

    run_id: UUID
    run_name: str
    is_suspended: bool
    question: Question


def keep_question(run_id: UUID, question: Question) -> None:
    """Store what a run asks, in the place of what it asked before."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    with get_client(sync_client=True) as client:
        try:
            client.delete_flow_run_input(flow_run_id=run_id, key=QUESTION_KEY)
        except PrefectHTTPStatusError as error:
            if error.response.status_code != 404:
                raise
        text = TypeAdapter(dict[str, Any]).dump_json(asdict(question)).decode()
        client.create_flow_run_input(flow_run_id=run_id, key=QUESTION_KEY, value=text)


def kept_question(run_id: UUID) -> Question | None:
    """Return what the run has asked; None if it has asked nothing yet."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        return _read(client, run_id)


def open_questions(model: str) -> tuple[OpenQuestion, ...]:
    """Return the questions about a model that wait for an answer, the newest first."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

    with get_client(sync_client=True) as client:
        named = FlowRunFilterName(any_=[f"{FLOW} {model}"])
        found = _waiting(client, FlowRunFilter(name=named))
    return tuple(each for each in found if each.question.model == model)


def close_question(asked: OpenQuestion, message: str) -> None:
    """End a suspended run, whose answer is not needed any more; a script concludes by itself."""
    from prefect.client.orchestration import get_client
    from prefect.states import Cancelled

    if not asked.is_suspended:
        return
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(asked.run_id, Cancelled(message=message), force=True)


def expire_questions(tag: str) -> tuple[str, ...]:
    """Resume runs with this tag whose question has expired: without an answer they conclude so.

    Returns
    -------
    tuple of str
        The names of those runs.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags

    with get_client(sync_client=True) as client:
        found = _waiting(client, FlowRunFilter(tags=FlowRunFilterTags(all_=[tag])))
        late = [each for each in found if each.is_suspended and each.question.has_expired]
        for each in late:
            client.resume_flow_run(each.run_id, run_input={})
    return tuple(each.run_name for each in late)


def _waiting(client: "SyncPrefectClient", wanted: Any) -> list[OpenQuestion]:
    from prefect.client.schemas.filters import (
        FlowFilter,
        FlowFilterName,
        FlowRunFilterState,
        FlowRunFilterStateType,
    )
    from prefect.client.schemas.objects import StateType

    paused = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED]))
    runs: list[FlowRun] = client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[FLOW])),
        flow_run_filter=wanted.model_copy(update={"state": paused}),
    )
    read = ((run, _read(client, run.id)) for run in runs)
    return [
        OpenQuestion(
            run_id=run.id,
            run_name=run.name,
            is_suspended=run.state is not None and run.state.name == "Suspended",
            question=question,
        )
        for run, question in read
        if question is not None
    ]


def _read(client: "SyncPrefectClient", run_id: UUID) -> Question | None:
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        text = client.read_flow_run_input(flow_run_id=run_id, key=QUESTION_KEY)
        return TypeAdapter(Question).validate_json(text)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != 404:
            raise
        return None
    except ValidationError:  # of another version
        return None

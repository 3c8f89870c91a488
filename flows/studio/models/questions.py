"""Questions that runs of `promote` have asked, and that wait for a person's answer.

They are stored with their runs on the Prefect server (`espalier.infra.orchestration.questions`). An
answer resumes the run, which records the decision and who made it.
"""

import json
import urllib.error
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from espalier.flows.studio.models.prefect_server import prefect_address
from espalier.infra.network.ports import ask_json
from espalier.infra.orchestration.questions import FLOW, KEEP, PROMOTE, QUESTION_KEY, Question
from espalier.infra.settings import Settings
from espalier.pipelines.errors import StoreUnavailableError, UserError
from espalier.tasks.promotion.promotion_facts import PromotionFacts

_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingQuestion:
    """A question that waits for an answer.

    Attributes
    ----------
    run_id : str
        The run that asks, on the Prefect server.
    question : Question
        Which versions it is about, and until when.
    reasons : tuple of str
        What the comparison says.
    """

    run_id: str
    question: Question
    reasons: tuple[str, ...] = ()


def waiting_questions(settings: Settings, model: str | None = None) -> tuple[WaitingQuestion, ...]:
    """Return the questions that wait for an answer, the newest first.

    None wait where no Prefect server of this home folder answers: a question holds until it does.

    Parameters
    ----------
    settings : Settings
        Name the home folder.
    model : str or None
        The model that they are about; None for all.
    """
    url = prefect_address(settings)
    if url is None:
        return ()
    runs: dict[str, Any] = {"state": {"type": {"any_": ["PAUSED"]}}}
    if model is not None:
        runs["name"] = {"any_": [f"{FLOW} {model}"]}
    wanted = {
        "flows": {"name": {"any_": [FLOW]}},
        "flow_runs": runs,
        "sort": "START_TIME_DESC",
        "limit": _MOST,
    }
    try:
        found = [
            _question(url, str(run["id"])) for run in ask_json(f"{url}/flow_runs/filter", wanted)
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return ()
    return tuple(
        each
        for each in found
        if each is not None
        and not each.question.has_expired
        and model in (None, each.question.model)
    )


def answer_question(
    settings: Settings,
    waiting: WaitingQuestion,
    *,
    promotes: bool,
    comment: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer a question; its run goes on with the answer.

    Parameters
    ----------
    settings : Settings
        Name the home folder.
    waiting : WaitingQuestion
        The question.
    promotes : bool
        Whether the challenger becomes champion.
    comment : str
        Kept with the decision.
    headers : mapping or None
        The header with which an authenticating proxy names the person.

    Raises
    ------
    UserError
        Somebody else has answered, or the run has ended.
    StoreUnavailableError
        The Prefect server does not answer.
    """
    url = prefect_address(settings)
    if url is None:
        raise StoreUnavailableError("the Prefect server of this home folder does not answer")
    given = {"answer": PROMOTE if promotes else KEEP, "comment": comment}
    try:
        reply = ask_json(
            f"{url}/flow_runs/{waiting.run_id}/resume", {"run_input": given}, headers=headers
        )
    except urllib.error.HTTPError as error:
        raise UserError(f"the answer was not taken (status {error.code})") from None
    except (OSError, ValueError) as error:
        raise StoreUnavailableError(f"the Prefect server does not answer: {error}") from None
    if isinstance(reply, Mapping) and reply.get("status") not in ("ACCEPT", None):
        raise UserError("this question has been answered already, or its run has ended")


def _question(url: str, run_id: str) -> WaitingQuestion | None:
    """Return what a run asks; None if it asks nothing, or what this version cannot read."""
    try:
        text = ask_json(f"{url}/flow_runs/{run_id}/input/{QUESTION_KEY}")
        text = text if isinstance(text, str) else json.dumps(text)
        question = TypeAdapter(Question).validate_json(text)
    except (OSError, ValidationError):
        return None
    try:
        facts = PromotionFacts.from_json(question.facts)
    except (ValueError, KeyError, TypeError):
        return WaitingQuestion(run_id=run_id, question=question)
    return WaitingQuestion(
        run_id=run_id,
        question=question,
        reasons=(*facts.decision.reasons, *facts.notes),
    )

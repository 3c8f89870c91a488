"""Decisions about a model: compare, promote, approve, roll back."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import RedirectResponse

from espalier.flows.studio.jobs import commands
from espalier.flows.studio.models.cards import card_of
from espalier.flows.studio.models.questions import answer_question, waiting_questions
from espalier.flows.studio.web.context import StudioPart
from espalier.flows.studio.web.forms import SentForm, text_of
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.promote import RollbackRequest
from espalier.tasks.promotion.roll_back import roll_back

router = APIRouter(prefix="/models")

_POLICIES = {"compare": "never", "promote": "auto", "approve": "approve"}


@router.post("/{name}/decide/{what}")
def decide(
    request: Request,
    name: str,
    what: str,
    studio: StudioPart,
    form: SentForm,
) -> RedirectResponse:
    """Compare the challenger with the champion and, if asked, promote it."""
    if what not in _POLICIES:
        raise HTTPException(404, "There is no such decision.")
    card = card_of(name, studio.settings)
    if card.challenger is None:
        raise UserError(f"model {name!r} has no challenger; train it again to get one")
    actor = studio.actor(request)
    command = commands.promote(
        name, policy=_POLICIES[what], actor=actor, comment=text_of(form, "comment")
    )
    job = studio.jobs.start(command, actor=actor)
    return RedirectResponse(f"/work/{job.record.id}", status_code=303)


@router.post("/{name}/answer/{run_id}")
def answer(
    request: Request,
    name: str,
    run_id: str,
    studio: StudioPart,
    form: SentForm,
) -> RedirectResponse:
    """Answer the question of a run that waits for a person."""
    waiting = {each.run_id: each for each in waiting_questions(studio.settings, name)}
    if run_id not in waiting:
        raise UserError("this question has been answered already, or it is too late for an answer")
    said = f"{text_of(form, 'comment')} (answered by {studio.actor(request)})".strip()
    header = studio.settings.user_header
    given = {} if header is None else {header: request.headers.get(header, "")}
    answer_question(
        studio.settings,
        waiting[run_id],
        promotes=text_of(form, "answer") == "promote",
        comment=said,
        headers={key: value for key, value in given.items() if value},
    )
    return RedirectResponse(request.url_for("model", name=name).path, status_code=303)


@router.post("/{name}/rollback")
def put_back(
    request: Request,
    name: str,
    studio: StudioPart,
    form: SentForm,
) -> RedirectResponse:
    """Make the previous champion serve again."""
    actor = studio.actor(request)
    asked = RollbackRequest.parse({"name": name, "reason": text_of(form, "reason"), "actor": actor})
    roll_back(asked, studio.settings, actor=actor)
    return RedirectResponse(request.url_for("model", name=name).path, status_code=303)

"""How models do: drift and live score on recent rows, what is planned, and training again now."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from espalier.flows.studio.jobs import commands
from espalier.flows.studio.models.cards import all_cards, card_of
from espalier.flows.studio.models.prefect_server import prefect_address
from espalier.flows.studio.models.watching import (
    monitoring_report,
    monitoring_runs_of,
    planned_for,
)
from espalier.flows.studio.pages.data import entry_of, given_entry
from espalier.flows.studio.tables.upload_kinds import ENDINGS
from espalier.flows.studio.web.context import Studio, StudioPart
from espalier.flows.studio.web.forms import SentForm, text_of
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.retrain import RetrainRequest

router = APIRouter(prefix="/watch")


@router.get("", response_class=HTMLResponse)
def models(request: Request, studio: StudioPart) -> HTMLResponse:
    """List the models with their last check."""
    cards = all_cards(studio.settings)
    checks = {card.name: monitoring_runs_of(card.name, studio.settings)[:1] for card in cards}
    return studio.pages.page(request, "watch_models.html", {"models": cards, "checks": checks})


@router.get("/{name}", response_class=HTMLResponse)
def model(request: Request, name: str, studio: StudioPart) -> HTMLResponse:
    """Show the checks of a model, its schedules, and the forms to check or train it."""
    return _page(request, studio, name)


@router.post("/{name}/check")
def check(
    request: Request,
    name: str,
    studio: StudioPart,
    form: SentForm,
) -> Response:
    """Measure drift and score of the champion on a table, or on what its endpoints were asked."""
    card_of(name, studio.settings)
    asks_requests = text_of(form, "requests") == "yes"
    try:
        entry = None if asks_requests else given_entry(studio, form)
    except UserError as error:
        return _page(request, studio, name, error=str(error), status=400)
    job = studio.jobs.start(commands.monitor(name, entry), actor=studio.actor(request))
    return RedirectResponse(f"/work/{job.record.id}", status_code=303)


@router.post("/{name}/retrain")
def retrain(
    request: Request,
    name: str,
    studio: StudioPart,
    form: SentForm,
) -> Response:
    """Train a challenger, on today's rows of the model's source or on a table."""
    card_of(name, studio.settings)
    known, budget = text_of(form, "table"), text_of(form, "time") or None
    try:
        RetrainRequest.parse({"name": name, "time_budget": budget})
    except UserError as error:
        return _page(request, studio, name, error=str(error), status=400)
    entry = entry_of(studio, known) if known else None
    command = commands.retrain(name, entry, budget, force=text_of(form, "force") == "yes")
    job = studio.jobs.start(command, actor=studio.actor(request))
    return RedirectResponse(f"/work/{job.record.id}", status_code=303)


@router.get("/{name}/checks/{run_id}", response_class=HTMLResponse)
def one_check(request: Request, name: str, run_id: str, studio: StudioPart) -> HTMLResponse:
    """Show one check: the drift of each column, and the score."""
    if run_id not in {each.run_id for each in monitoring_runs_of(name, studio.settings)}:
        raise HTTPException(404, "There is no such check of this model.")
    report = monitoring_report(run_id, studio.settings)
    if report is None:
        raise HTTPException(404, "This check has left no report; it may have failed.")
    context = {"card": card_of(name, studio.settings), "report": report}
    return studio.pages.page(request, "check.html", context)


def _page(
    request: Request, studio: Studio, name: str, *, error: str = "", status: int = 200
) -> HTMLResponse:
    card = card_of(name, studio.settings)
    context = {
        "card": card,
        "checks": monitoring_runs_of(name, studio.settings),
        "planned": planned_for(card.serving, studio.settings),
        "prefect": (prefect_address(studio.settings) or "").removesuffix("/api"),
        "tables": studio.shelf.all(),
        "endings": ENDINGS,
        "error": error,
    }
    return studio.pages.page(request, "watch.html", context, status)

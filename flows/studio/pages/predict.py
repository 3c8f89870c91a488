"""Predictions of a file: choose a model, give rows, get the answers."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from espalier.flows.studio.jobs import commands
from espalier.flows.studio.models.cards import all_cards, card_of
from espalier.flows.studio.models.forecast_facts import forecast_facts, is_forecast
from espalier.flows.studio.pages.data import given_entry
from espalier.flows.studio.tables.upload_kinds import ENDINGS
from espalier.flows.studio.web.context import Studio, StudioPart
from espalier.flows.studio.web.forms import SentForm, text_of
from espalier.infra.registry.registry import RegisteredVersion
from espalier.pipelines.errors import UserError

router = APIRouter(prefix="/predict")

COVERAGE = 0.9


@router.get("", response_class=HTMLResponse)
def models(request: Request, studio: StudioPart) -> HTMLResponse:
    """Choose a model."""
    context = {"models": all_cards(studio.settings)}
    return studio.pages.page(request, "predict_models.html", context)


@router.get("/{name}", response_class=HTMLResponse)
def ask(request: Request, name: str, studio: StudioPart) -> HTMLResponse:
    """Ask for the rows."""
    return _page(request, studio, name)


@router.post("/{name}/file")
def predict_file(
    request: Request,
    name: str,
    studio: StudioPart,
    form: SentForm,
) -> Response:
    """Predict the rows of an uploaded file, or of a table that is there."""
    version = asked_version(studio, name, text_of(form, "version"))
    try:
        entry = given_entry(studio, form)
    except UserError as error:
        return _page(request, studio, name, error=str(error), status=400)
    spec, is_number = f"{name}/{version.version}", version.tags.get("task") == "regression"
    if is_forecast(version):
        command = commands.forecast(spec, entry)
    else:
        command = commands.predict(
            spec,
            entry,
            proba=not is_number and text_of(form, "proba") == "yes",
            interval=COVERAGE if is_number and text_of(form, "interval") == "yes" else None,
            id_column=text_of(form, "id_column") or None,
        )
    job = studio.jobs.start(command, actor=studio.actor(request))
    return RedirectResponse(f"/work/{job.record.id}", status_code=303)


def asked_version(studio: Studio, name: str, number: str) -> RegisteredVersion:
    """Return the version that a form or an address names; the champion without a number.

    Raises
    ------
    UserError
        There is no such model or version.
    """
    card = card_of(name, studio.settings)
    if not number:
        return card.serving
    if not number.isdecimal():
        raise UserError(f"{number!r} is no number of a version")
    return card.version(int(number))


def _page(
    request: Request, studio: Studio, name: str, *, error: str = "", status: int = 200
) -> HTMLResponse:
    card = card_of(name, studio.settings)
    number = request.query_params.get("version", "")
    about = [job for job in studio.jobs.all() if job.record.model == name]
    found = asked_version(studio, name, number)
    context = {
        "card": card,
        "found": found,
        "forecast": forecast_facts(found, studio.settings) if is_forecast(found) else None,
        "tables": studio.shelf.all(),
        "endings": ENDINGS,
        "jobs": [job for job in about if job.record.kind == "predict"][:10],
        "error": error,
    }
    return studio.pages.page(request, "predict.html", context, status)

"""Registered models: all of them, one with its history, one version with its report."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from espalier.flows.studio.models.cards import (
    all_cards,
    card_of,
    decisions_about,
    examples_of,
    report_of,
    version_page,
)
from espalier.flows.studio.models.questions import waiting_questions
from espalier.flows.studio.web.context import StudioPart

router = APIRouter(prefix="/models")

# The report may show what its data say; it may load and run nothing, and send nothing.
_REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups; "
    "frame-ancestors 'self'"
)


@router.get("", response_class=HTMLResponse)
def models(request: Request, studio: StudioPart) -> HTMLResponse:
    """List the models."""
    context = {
        "models": all_cards(studio.settings),
        "asked": {each.question.model for each in waiting_questions(studio.settings)},
    }
    return studio.pages.page(request, "models.html", context)


@router.get("/{name}", response_class=HTMLResponse)
def model(request: Request, name: str, studio: StudioPart) -> HTMLResponse:
    """Show a model: who serves, who may replace it, what was decided."""
    about = [job for job in studio.jobs.all() if job.record.model == name]
    context = {
        "card": card_of(name, studio.settings),
        "decisions": decisions_about(name, studio.settings),
        "questions": waiting_questions(studio.settings, name),
        "jobs": [job for job in about if not job.state.has_ended],
        "last_comparison": next(
            (job for job in about if job.record.kind in ("compare", "promote")), None
        ),
    }
    return studio.pages.page(request, "model.html", context)


@router.get("/{name}/{number}", response_class=HTMLResponse)
def version(request: Request, name: str, number: int, studio: StudioPart) -> HTMLResponse:
    """Show one version: its score, the columns it needs, its trials, its report."""
    card = card_of(name, studio.settings)
    found = card.version(number)
    context = {"card": card, "found": found, "facts": version_page(found, studio.settings)}
    return studio.pages.page(request, "version.html", context)


@router.get("/{name}/{number}/report", response_class=HTMLResponse)
def report(name: str, number: int, studio: StudioPart) -> HTMLResponse:
    """Send the report of a training, which may run nothing."""
    found = card_of(name, studio.settings).version(number)
    page = report_of(found, studio.settings)
    if page is None:
        raise HTTPException(404, "This version has no report; train the model again to get one.")
    return HTMLResponse(page, headers={"content-security-policy": _REPORT_POLICY})


@router.get("/{name}/{number}/examples.html", response_class=HTMLResponse)
def examples(name: str, number: int, studio: StudioPart) -> HTMLResponse:
    """Send the page of pictures and texts that the report links to; it may run nothing."""
    found = card_of(name, studio.settings).version(number)
    page = examples_of(found, studio.settings)
    if page is None:
        raise HTTPException(404, "This version has no examples, or its rows were removed.")
    return HTMLResponse(page, headers={"content-security-policy": _REPORT_POLICY})


@router.get("/{name}/compare/{one}/{other}", response_class=HTMLResponse)
def compare(request: Request, name: str, one: int, other: int, studio: StudioPart) -> HTMLResponse:
    """Show two versions side by side."""
    card = card_of(name, studio.settings)
    versions = [card.version(one), card.version(other)]
    facts = [version_page(each, studio.settings) for each in versions]
    context = {"card": card, "versions": versions, "facts": facts}
    return studio.pages.page(request, "compare.html", context)

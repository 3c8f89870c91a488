"""The first page: what there is, and what to do next."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse

from espalier.flows.studio.jobs.job import JobState
from espalier.flows.studio.models.cards import all_cards
from espalier.flows.studio.web.context import StudioPart

router = APIRouter()

_SHOWN = 5


@router.get("/", response_class=HTMLResponse)
def home(request: Request, studio: StudioPart) -> HTMLResponse:
    """Show running work, the newest models and tables, and the next step."""
    jobs = studio.jobs.all()
    context = {
        "tables": studio.shelf.all()[:_SHOWN],
        "models": all_cards(studio.settings)[:_SHOWN],
        "running": [job for job in jobs if job.state is JobState.RUNNING],
        "recent": [job for job in jobs if job.state is not JobState.RUNNING][:_SHOWN],
    }
    return studio.pages.page(request, "home.html", context)


@router.get("/alive", response_class=PlainTextResponse)
def alive() -> str:
    """Say that the studio is there, to whoever started it."""
    return "ok"

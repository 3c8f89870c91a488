"""One job: its progress while it runs, its outcome afterwards, and the buttons that steer it."""

import pandas as pd
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse

from espalier.flows.studio.jobs import commands
from espalier.flows.studio.jobs.job import Job, JobState
from espalier.flows.studio.models.forecast_facts import forecast_facts
from espalier.flows.studio.predicting.forecasts import forecast_view
from espalier.flows.studio.tables.entries import safe_name
from espalier.flows.studio.web.context import Studio, StudioPart
from espalier.flows.studio.web.forms import CHECKED, SentForm, text_of
from espalier.flows.studio.web.work_view import spoken, work_view
from espalier.infra.registry.registry import resolve
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.extend import ExtendRequest

router = APIRouter(prefix="/work")

STOP_POLLING = 286
"""htmx asks no more after an answer with this status."""
_SECTIONS = {
    "train": "train",
    "extend": "train",
    "retrain": "train",
    "compare": "models",
    "promote": "models",
    "predict": "predict",
    "endpoint": "deploy",
    "monitor": "watch",
}


@router.get("/{key}", response_class=HTMLResponse)
def work(request: Request, key: str, studio: StudioPart) -> HTMLResponse:
    """Show a job."""
    view = work_view(job_of(studio, key))
    context = {"work": view, "section": _SECTIONS.get(view.record.kind, "")}
    return studio.pages.page(request, "work.html", context)


@router.get("/{key}/live", response_class=HTMLResponse)
def live(request: Request, key: str, studio: StudioPart) -> HTMLResponse:
    """Return the part of the page that changes."""
    view = work_view(job_of(studio, key))
    status = STOP_POLLING if view.has_ended else 200
    context = {"work": view, "said": spoken(view)}
    return studio.pages.page(request, "work_live.html", context, status)


@router.post("/{key}/stop", dependencies=CHECKED)
def stop(key: str, studio: StudioPart) -> RedirectResponse:
    """End a job as it is; a training can be continued later."""
    studio.jobs.stop(job_of(studio, key))
    return RedirectResponse(f"/work/{key}", status_code=303)


@router.post("/{key}/finish", dependencies=CHECKED)
def finish(key: str, studio: StudioPart) -> RedirectResponse:
    """End the search of a training, and let it finish with what it has found."""
    studio.jobs.finish(job_of(studio, key))
    return RedirectResponse(f"/work/{key}", status_code=303)


@router.post("/{key}/again", dependencies=CHECKED)
def again(key: str, studio: StudioPart) -> RedirectResponse:
    """Continue a job that was stopped or failed."""
    studio.jobs.again(job_of(studio, key))
    return RedirectResponse(f"/work/{key}", status_code=303)


@router.post("/{key}/extend")
def extend(
    request: Request,
    key: str,
    studio: StudioPart,
    form: SentForm,
) -> RedirectResponse:
    """Search longer for the model of a training that is done."""
    job = job_of(studio, key)
    if job.state is not JobState.DONE or not job.record.model:
        raise UserError("only a training that is done can be extended")
    seconds = text_of(form, "time")
    ExtendRequest.parse({"model": job.record.model, "time_budget": seconds})
    command = commands.extend(job.record.model, seconds or "10m")
    made = studio.jobs.start(command, actor=studio.actor(request))
    return RedirectResponse(f"/work/{made.record.id}", status_code=303)


@router.post("/{key}/remove", dependencies=CHECKED)
def remove(key: str, studio: StudioPart) -> RedirectResponse:
    """Remove a job from the lists, with the file of predictions that it has made."""
    studio.jobs.remove(job_of(studio, key))
    return RedirectResponse("/", status_code=303)


@router.get("/{key}/forecast", response_class=HTMLResponse)
def forecast(request: Request, key: str, studio: StudioPart) -> HTMLResponse:
    """Show the forecast that a job has made, one series at a time."""
    job = job_of(studio, key)
    if not job.record.is_forecast or not job.result_path.is_file():
        raise HTTPException(404, "There is no forecast yet.")
    spec = job.record.arguments[job.record.arguments.index("--model") + 1]
    facts = forecast_facts(resolve(spec, studio.settings), studio.settings)
    wanted = request.query_params.get("series", "")
    view = forecast_view(job.result_path, facts, _history(studio, job), wanted)
    context = {"job": job, "facts": facts, "view": view, "section": "predict"}
    return studio.pages.page(request, "forecast_result.html", context)


@router.get("/{key}/result")
def result(key: str, studio: StudioPart) -> FileResponse:
    """Send the file that a job has made."""
    job = job_of(studio, key)
    if not job.record.result or not job.result_path.is_file():
        raise HTTPException(404, "There is no file yet.")
    name = f"{safe_name(job.record.model)}-{job.record.result}"
    return FileResponse(job.result_path, filename=name, media_type="text/csv")


def _history(studio: Studio, job: Job) -> pd.DataFrame | None:
    """Return the rows that a forecast continues; None where they are gone."""
    try:
        return studio.reader.read(studio.shelf.get(job.record.table)).rows
    except (KeyError, UserError):
        return None


def job_of(studio: Studio, key: str) -> Job:
    """Return a job; a page that says so if there is none."""
    try:
        return studio.jobs.get(key)
    except KeyError:
        raise HTTPException(404, "There is no such work; it may have been removed.") from None

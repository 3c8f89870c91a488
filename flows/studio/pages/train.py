"""Trainings: those that were started, and the form that starts one."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from espalier.flows.studio.jobs import commands
from espalier.flows.studio.pages.data import entry_of, target_of
from espalier.flows.studio.tables.entries import TableEntry
from espalier.flows.studio.tables.target import TargetView
from espalier.flows.studio.tables.upload_kinds import PICTURES
from espalier.flows.studio.web.budgets import BUDGETS, asked_budget
from espalier.flows.studio.web.context import Studio, StudioPart
from espalier.flows.studio.web.forms import SentForm, text_of, texts_of
from espalier.flows.studio.web.metric_words import described
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.form_schema import FAMILIES
from espalier.pipelines.requests.model_names import default_name
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.request_checks import check_request

router = APIRouter(prefix="/train")

TRAININGS = ("train", "extend", "retrain")
_TEXTS = (
    "name",
    "metric",
    "group_column",
    "time_column",
    "weight_column",
    "about",
    "max_latency_ms",
)
_NUMBERS = ("folds", "seed", "trials")
_FIELDS = (*_TEXTS, *_NUMBERS, "budget", "own_budget", "interpretable")


@router.get("", response_class=HTMLResponse)
def trainings(request: Request, studio: StudioPart) -> HTMLResponse:
    """List the trainings that were started here."""
    jobs = [job for job in studio.jobs.all() if job.record.kind in TRAININGS]
    context = {"jobs": jobs, "tables": studio.shelf.all()}
    return studio.pages.page(request, "trainings.html", context)


@router.get("/new", response_class=HTMLResponse)
def new(request: Request, studio: StudioPart) -> Response:
    """Ask how to train on a table."""
    asked = request.query_params
    entry = entry_of(studio, asked.get("table", ""))
    if not asked.get("target"):
        return RedirectResponse(f"/data/{entry.id}", status_code=303)
    exclude = tuple(asked.getlist("exclude"))
    view = target_of(studio, entry, asked["target"], exclude)
    usual = {"name": default_name(entry.name), "budget": BUDGETS[1][0], "seed": "0"}
    values = dict.fromkeys(_FIELDS, "") | usual
    return _form(request, studio, entry, view, exclude=exclude, values=values)


@router.post("/new")
def start(request: Request, studio: StudioPart, form: SentForm) -> Response:
    """Start a training, and show its progress."""
    entry = entry_of(studio, text_of(form, "table"))
    exclude = texts_of(form, "exclude")
    target = str(form.get("target", ""))
    view = target_of(studio, entry, target, exclude)
    try:
        asked = asked_training(entry, target, exclude, form)
        seen = studio.reader.read(entry)
        if seen.is_whole:  # of a part, the training itself finds out
            check_request(asked, seen.rows)
    except UserError as error:
        values = {name: text_of(form, name) for name in _FIELDS}
        return _form(
            request,
            studio,
            entry,
            view,
            exclude=exclude,
            values=values,
            families=texts_of(form, "families"),
            error=str(error),
        )
    job = studio.jobs.start(commands.train(asked, entry), actor=studio.actor(request))
    return RedirectResponse(f"/work/{job.record.id}", status_code=303)


def asked_training(
    entry: TableEntry, target: str, exclude: tuple[str, ...], form: FormData
) -> TrainRequest:
    """Return the request that a form describes.

    Raises
    ------
    UserError
        A field cannot be used.
    """
    given: dict[str, Any] = {
        "data": entry.source,
        "query": entry.query,
        "target": target,
        "exclude": exclude,
        "time_budget": asked_budget(
            {name: text_of(form, name) for name in ("budget", "own_budget")}
        ),
        "families": texts_of(form, "families"),
        "interpretable": text_of(form, "interpretable") == "yes",
    }
    given |= {name: text_of(form, name) for name in _TEXTS}
    given |= {name: text for name in _NUMBERS if (text := text_of(form, name))}
    return TrainRequest.parse(given)


def _form(
    request: Request,
    studio: Studio,
    entry: TableEntry,
    view: TargetView,
    *,
    exclude: tuple[str, ...],
    values: Mapping[str, str],
    families: tuple[str, ...] = (),
    error: str = "",
) -> HTMLResponse:
    usual, other = described(view.metrics)
    context = {
        "entry": entry,
        "is_pictures": entry.kind == PICTURES,
        "view": view,
        "exclude": exclude,
        "values": values,
        "chosen": families,
        "families": FAMILIES,
        "budgets": BUDGETS,
        "usual_metrics": usual,
        "other_metrics": other,
        "columns": [each.name for each in view.columns if each.name not in exclude],
        "error": error,
    }
    return studio.pages.page(request, "train.html", context, 400 if error else 200)

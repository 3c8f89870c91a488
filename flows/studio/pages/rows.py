"""One row: a form made from the columns of a model, its answer with the reasons, and what if."""

from collections.abc import Sequence

import pandas as pd
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData

from espalier.flows.studio.pages.predict import asked_version
from espalier.flows.studio.predicting.answer import COVERAGE, SHOWN_EFFECTS, answer_row
from espalier.flows.studio.predicting.row_form import (
    PICTURE,
    RowField,
    fields_of,
    filled_row,
    has_pictures,
    shown_values,
)
from espalier.flows.studio.web.context import StudioPart
from espalier.flows.studio.web.forms import SentForm, text_of
from espalier.pipelines.errors import UserError
from espalier.pipelines.images.cells import carried

router = APIRouter(prefix="/predict")


@router.get("/{name}/row", response_class=HTMLResponse)
def ask(request: Request, name: str, studio: StudioPart) -> HTMLResponse:
    """Show the form, filled with usual values."""
    version = asked_version(studio, name, request.query_params.get("version", ""))
    opened = studio.models.open(version)
    fields = fields_of(opened)
    context = {
        "found": version,
        "opened": opened,
        "fields": fields,
        "values": {each.key: each.value for each in fields},
        "has_pictures": has_pictures(fields),
        "pictures": (),
        "answer": None,
        "error": "",
    }
    return studio.pages.page(request, "row.html", context)


@router.post("/{name}/row", response_class=HTMLResponse)
def answer(
    request: Request,
    name: str,
    studio: StudioPart,
    form: SentForm,
) -> HTMLResponse:
    """Answer the row; htmx gets the answer alone, a browser without it the whole page."""
    version = asked_version(studio, name, text_of(form, "version"))
    opened = studio.models.open(version)
    fields = fields_of(opened)
    context = {
        "found": version,
        "opened": opened,
        "fields": fields,
        "values": {each.key: text_of(form, each.key) for each in fields},
        "cells": shown_values(fields, form),
        "has_pictures": has_pictures(fields),
        "pictures": (),
        "answer": None,
        "before": _before(form),
        "coverage": COVERAGE,
        "shown": SHOWN_EFFECTS,
        "error": "",
    }
    try:
        row = filled_row(fields, form)
        context["pictures"] = _pictures(fields, row)
        context["answer"] = answer_row(opened, row, explained=not has_pictures(fields))
    except UserError as error:
        context["error"] = str(error)
    is_part = "hx-request" in request.headers
    template = "row_answer.html" if is_part else "row.html"
    return studio.pages.page(request, template, context)


def _pictures(fields: Sequence[RowField], row: pd.DataFrame) -> tuple[str, ...]:
    """Return the pictures of a row, small, as data URIs."""
    cells = [row[each.column].iloc[0] for each in fields if each.kind == PICTURE]
    small = [carried(cell) for cell in cells if isinstance(cell, bytes)]
    return tuple(each for each in small if each is not None)


def _before(form: FormData) -> tuple[str, float] | None:
    """Return what the last answer was about and how high it was; None before the second."""
    try:
        return text_of(form, "was_about"), float(text_of(form, "was"))
    except ValueError:
        return None

"""Tables: upload them, look at them, choose the target."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from espalier.flows.studio.tables.entries import TableEntry
from espalier.flows.studio.tables.table_view import view_table
from espalier.flows.studio.tables.target import TargetView, look_at_classes, look_at_target
from espalier.flows.studio.tables.upload_kinds import ENDINGS, PICTURES
from espalier.flows.studio.web.context import Studio, StudioPart
from espalier.flows.studio.web.forms import CHECKED, SentForm, file_of, text_of
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.train import TrainRequest

router = APIRouter(prefix="/data")


@router.get("", response_class=HTMLResponse)
def tables(request: Request, studio: StudioPart) -> HTMLResponse:
    """List the tables, with the form to add one."""
    return _list(request, studio)


@router.post("/upload")
def upload(request: Request, studio: StudioPart, form: SentForm) -> Response:
    """Store a file, and show it."""
    try:
        file = file_of(form, "file")
        entry = studio.shelf.upload(file.filename or "", file.file)
    except UserError as error:
        return _list(request, studio, error=str(error), status=400)
    return RedirectResponse(place_of(entry), status_code=303)


@router.post("/source")
def name_source(request: Request, studio: StudioPart, form: SentForm) -> Response:
    """Note an address of a file or a database, and show what is there."""
    try:
        entry = studio.shelf.name_source(text_of(form, "source"), text_of(form, "query"))
    except UserError as error:
        return _list(request, studio, error=str(error), status=400)
    return RedirectResponse(f"/data/{entry.id}", status_code=303)


@router.get("/{key}", response_class=HTMLResponse)
def table(request: Request, key: str, studio: StudioPart) -> Response:
    """Show a table and, once it is chosen, its target."""
    entry = entry_of(studio, key)
    if entry.kind == PICTURES:
        return RedirectResponse(place_of(entry), status_code=303)
    wanted = request.query_params.get("target", "")
    exclude = request.query_params.getlist("exclude")
    context: dict[str, object] = {
        "entry": entry,
        "view": None,
        "names": (),
        "target": None,
        "exclude": exclude,
        "error": "",
    }
    context["checks"] = f"/data/{entry.id}/checks?{urlencode({'target': wanted})}"
    try:
        seen = studio.reader.read(entry)
        context |= {"view": view_table(seen), "names": list(seen.rows.columns)}
        if wanted:
            context["target"] = look_at_target(seen, wanted, exclude=exclude)
    except UserError as error:
        context["error"] = str(error)
    status = 400 if context["view"] is None else 200
    return studio.pages.page(request, "table.html", context, status)


@router.get("/{key}/checks", response_class=HTMLResponse)
def checks(request: Request, key: str, studio: StudioPart) -> HTMLResponse:
    """Check the rows as a training does; htmx gets the part alone."""
    entry = entry_of(studio, key)
    asked = {"data": entry.source, "query": entry.query}
    asked["target"] = request.query_params.get("target", "")
    return checks_page(request, studio, entry, asked)


@router.post("/{key}/sheet")
def choose_sheet(key: str, studio: StudioPart, form: SentForm) -> Response:
    """Look at another sheet of a workbook."""
    entry = studio.shelf.choose_sheet(entry_of(studio, key).id, str(form.get("sheet", "")))
    studio.reader.forget(key)
    return RedirectResponse(place_of(entry), status_code=303)


@router.post("/{key}/remove", dependencies=CHECKED)
def remove(key: str, studio: StudioPart) -> RedirectResponse:
    """Remove a table, and the uploaded file."""
    studio.shelf.remove(entry_of(studio, key).id)
    studio.reader.forget(key)
    return RedirectResponse("/data", status_code=303)


def checks_page(
    request: Request, studio: Studio, entry: TableEntry, asked: Mapping[str, Any]
) -> HTMLResponse:
    """Return what is expected of the rows of a table, and what of it does not hold."""
    context: dict[str, Any] = {"entry": entry, "checked": None, "error": "", "section": "data"}
    try:
        context["checked"] = studio.checker.check(
            studio.reader.read(entry), TrainRequest.parse(dict(asked))
        )
    except UserError as error:
        context["error"] = str(error)
    template = "checks_part.html" if "hx-request" in request.headers else "checks.html"
    return studio.pages.page(request, template, context)


def place_of(entry: TableEntry) -> str:
    """Return the path of the page that shows a table."""
    return f"/{'pictures' if entry.kind == PICTURES else 'data'}/{entry.id}"


def entry_of(studio: Studio, key: str) -> TableEntry:
    """Return a table; a page that says so if there is none."""
    try:
        return studio.shelf.get(key)
    except KeyError:
        raise HTTPException(404, "There is no such table; it may have been removed.") from None


def given_entry(studio: Studio, form: SentForm) -> TableEntry:
    """Return the table that a form chooses, or the file that it sends, stored.

    Raises
    ------
    UserError
        It does neither, or the file cannot be stored.
    """
    known = text_of(form, "table")
    if known:
        return entry_of(studio, known)
    file = file_of(form, "file")
    return studio.shelf.upload(file.filename or "", file.file)


def target_of(
    studio: Studio, entry: TableEntry, target: str, exclude: tuple[str, ...]
) -> TargetView:
    """Return what is known of a table with a target.

    Raises
    ------
    UserError
        The table cannot be read, or has no such column.
    """
    seen = studio.reader.read(entry)
    if entry.kind == PICTURES:
        return look_at_classes(seen, target)
    return look_at_target(seen, target, exclude=exclude)


def _list(request: Request, studio: Studio, *, error: str = "", status: int = 200) -> HTMLResponse:
    context = {
        "tables": studio.shelf.all(),
        "endings": ENDINGS,
        "most_bytes": studio.most_bytes,
        "error": error,
    }
    return studio.pages.page(request, "data.html", context, status)

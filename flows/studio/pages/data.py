"""Tables: upload them, look at them, choose the target."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from espalier.flows.studio.tables.entries import ENDINGS, TableEntry
from espalier.flows.studio.tables.look import look_at
from espalier.flows.studio.tables.target import TargetView, look_at_target
from espalier.flows.studio.web.context import Studio, StudioPart
from espalier.flows.studio.web.forms import CHECKED, SentForm, file_of, text_of
from espalier.pipelines.errors import UserError

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
    return RedirectResponse(f"/data/{entry.id}", status_code=303)


@router.post("/source")
def name_source(request: Request, studio: StudioPart, form: SentForm) -> Response:
    """Note an address of a file or a database, and show what is there."""
    try:
        entry = studio.shelf.name_source(text_of(form, "source"), text_of(form, "query"))
    except UserError as error:
        return _list(request, studio, error=str(error), status=400)
    return RedirectResponse(f"/data/{entry.id}", status_code=303)


@router.get("/{key}", response_class=HTMLResponse)
def table(request: Request, key: str, studio: StudioPart) -> HTMLResponse:
    """Show a table and, once it is chosen, its target."""
    entry = entry_of(studio, key)
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
    try:
        seen = studio.reader.read(entry)
        context |= {"view": look_at(seen), "names": list(seen.rows.columns)}
        if wanted:
            context["target"] = look_at_target(seen, wanted, exclude=exclude)
    except UserError as error:
        context["error"] = str(error)
    status = 400 if context["view"] is None else 200
    return studio.pages.page(request, "table.html", context, status)


@router.post("/{key}/remove", dependencies=CHECKED)
def remove(key: str, studio: StudioPart) -> RedirectResponse:
    """Remove a table, and the uploaded file."""
    studio.shelf.remove(entry_of(studio, key).id)
    studio.reader.forget(key)
    return RedirectResponse("/data", status_code=303)


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
    return look_at_target(studio.reader.read(entry), target, exclude=exclude)


def _list(request: Request, studio: Studio, *, error: str = "", status: int = 200) -> HTMLResponse:
    context = {
        "tables": studio.shelf.all(),
        "endings": ENDINGS,
        "most_bytes": studio.most_bytes,
        "error": error,
    }
    return studio.pages.page(request, "data.html", context, status)

"""Archives of pictures: their classes, some of them, and what was found before training."""

import base64

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from espalier.flows.studio.pages.data import entry_of
from espalier.flows.studio.tables.entries import TableEntry
from espalier.flows.studio.tables.pictures import look_at_pictures, thumbnail
from espalier.flows.studio.tables.upload_kinds import PICTURES
from espalier.flows.studio.web.context import Studio, StudioPart
from espalier.infra.tables.picture_files.folders import LABEL
from espalier.pipelines.errors import UserError

router = APIRouter(prefix="/pictures")


@router.get("/{key}", response_class=HTMLResponse)
def pictures(request: Request, key: str, studio: StudioPart) -> HTMLResponse:
    """Show an archive of pictures."""
    entry = _pictures_of(studio, key)
    context: dict[str, object] = {"entry": entry, "view": None, "target": LABEL, "error": ""}
    context["section"] = "data"
    try:
        context["view"] = look_at_pictures(entry, studio.reader.read(entry))
    except UserError as error:
        context["error"] = str(error)
    status = 400 if context["view"] is None else 200
    return studio.pages.page(request, "pictures.html", context, status)


@router.get("/{key}/{number}")
def picture(key: str, number: int, studio: StudioPart) -> Response:
    """Send one picture, small."""
    entry = _pictures_of(studio, key)
    found = thumbnail(studio.reader.read(entry).rows, number)
    if found is None:
        raise HTTPException(404, "There is no such picture.")
    return Response(
        base64.b64decode(found.partition(",")[2]),
        media_type="image/jpeg",
        headers={"cache-control": "private, max-age=3600"},
    )


def _pictures_of(studio: Studio, key: str) -> TableEntry:
    entry = entry_of(studio, key)
    if entry.kind != PICTURES:
        raise HTTPException(404, "There are no pictures here.")
    return entry

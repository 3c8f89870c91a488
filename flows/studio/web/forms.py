"""Forms that pages send: read, and refused where they do not come from a page of the session."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from starlette.datastructures import FormData, UploadFile

from espalier.flows.studio.security.guard import SESSION
from espalier.flows.studio.web.context import studio_of
from espalier.pipelines.errors import UserError

_MOST_FIELDS = 20_000
_FIELD_BYTES = 1_000_000


async def sent_form(request: Request) -> AsyncIterator[FormData]:
    """Yield the form of a request, for FastAPI's ``Depends``.

    Raises
    ------
    HTTPException
        It has no valid token: the page is of another session, or of another site (403).
    """
    form = await request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES)
    try:
        session = request.scope.get(SESSION)
        token = form.get("csrf")
        door = studio_of(request).door
        known = isinstance(session, str) and isinstance(token, str)
        if not (known and door.is_form_token(str(session), str(token))):
            raise HTTPException(403, "This page has become too old; open it again and repeat it.")
        yield form
    finally:
        await form.close()


SentForm = Annotated[FormData, Depends(sent_form)]
"""The form of a request, as a parameter of a page."""
CHECKED = (Depends(sent_form),)
"""For a page that needs nothing of its form but that it is ours."""


def text_of(form: Mapping[str, object], name: str) -> str:
    """Return a field without blanks around it; empty if it is not there."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def texts_of(form: FormData, name: str) -> tuple[str, ...]:
    """Return all values of a field with several, as they are."""
    return tuple(each for each in form.getlist(name) if isinstance(each, str) and each)


def file_of(form: FormData, name: str) -> UploadFile:
    """Return an uploaded file.

    Raises
    ------
    UserError
        None was chosen.
    """
    value = form.get(name)
    if not isinstance(value, UploadFile) or not value.filename:
        raise UserError("choose a file first")
    return value

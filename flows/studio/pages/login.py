"""The page that asks for the password."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from espalier.flows.studio.security.guard import session_cookie
from espalier.flows.studio.web.context import StudioPart
from espalier.flows.studio.web.forms import CHECKED, text_of

router = APIRouter()

# So long a wrong password takes, one after the other: nobody tries many.
_WRONG_SECONDS = 1.0


@router.get("/login", response_class=HTMLResponse)
def ask(request: Request, studio: StudioPart) -> HTMLResponse:
    """Ask for the password."""
    after = request.query_params.get("after", "/")
    return studio.pages.page(request, "login.html", {"after": after, "error": ""})


@router.post("/login")
async def enter(request: Request, studio: StudioPart) -> Response:
    """Begin a session for whoever gives the password."""
    form = await request.form(max_files=0, max_fields=10)
    after = _own_path(text_of(form, "after"))
    if not studio.door.lets_in(text_of(form, "password")):
        async with studio.one_guess:
            await asyncio.sleep(_WRONG_SECONDS)
        said = "That is not the password. It was shown where the studio was started."
        return studio.pages.page(request, "login.html", {"after": after, "error": said}, 403)
    reply = RedirectResponse(after, status_code=303)
    made = session_cookie(studio.door, studio.door.new_session(), request.scope)
    reply.headers["set-cookie"] = made
    return reply


@router.post("/logout", dependencies=CHECKED)
def leave(studio: StudioPart) -> RedirectResponse:
    """End the session in this browser."""
    reply = RedirectResponse("/login", status_code=303)
    reply.delete_cookie(studio.door.cookie, path="/", httponly=True, samesite="strict")
    return reply


def _own_path(after: str) -> str:
    """Return a path of this studio; its first page for what leads elsewhere."""
    is_own = after.startswith("/") and not after.startswith(("//", "/\\", "/login"))
    return after if is_own and after.isprintable() else "/"

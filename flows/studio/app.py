"""Put the studio together: its pages, its static files, and the guard before them."""

import importlib
import logging
import threading
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException

from espalier.flows.studio.jobs.runner import JobRunner
from espalier.flows.studio.pages import (
    data,
    decisions,
    deploy,
    forecast,
    home,
    login,
    models,
    pictures,
    predict,
    rows,
    train,
    watch,
    work,
)
from espalier.flows.studio.predicting.opened import ModelShelf
from espalier.flows.studio.security.door import Door, home_key
from espalier.flows.studio.security.guard import App, Guard, TooLargeError
from espalier.flows.studio.security.hosts import KnownHosts, is_same_place
from espalier.flows.studio.tables.entries import TableShelf
from espalier.flows.studio.tables.reading import TableReader
from espalier.flows.studio.web.context import Studio
from espalier.flows.studio.web.rendering import PLACE, Pages
from espalier.infra.settings import Settings
from espalier.pipelines.errors import StoreUnavailableError, UserError
from espalier.pipelines.redaction import redact

_LOG = logging.getLogger(__name__)

DEFAULT_UPLOAD_BYTES = 500_000_000
_SLOW = (
    "mlflow",
    "espalier.pipelines.data.assemble",
    "espalier.pipelines.data.leakage",
    "espalier.pipelines.serving.saved_model",
)


def make_app(
    settings: Settings,
    *,
    password: str | None,
    hosts: KnownHosts,
    most_bytes: int = DEFAULT_UPLOAD_BYTES,
) -> App:
    """Return the studio as an ASGI application.

    Parameters
    ----------
    settings : Settings
        Name the home folder and the stores.
    password : str or None
        What people must give; None where only this machine reaches it.
    hosts : KnownHosts
        The names under which it answers.
    most_bytes : int
        The largest upload.
    """
    studio = make_studio(settings, password=password, most_bytes=most_bytes)
    app = FastAPI(title="Espalier studio", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.studio = studio
    app.mount("/static", StaticFiles(directory=PLACE / "static"), name="static")
    for part in (
        *(home, login, data, pictures, train, forecast, work),
        *(decisions, models, rows, predict, deploy, watch),
    ):
        app.include_router(part.router)
    _answer_errors(app, studio)
    return Guard(app=app, door=studio.door, hosts=hosts, most_bytes=most_bytes)


def make_studio(settings: Settings, *, password: str | None, most_bytes: int) -> Studio:
    """Return the parts of the studio of a home folder; what it keeps is below ``studio`` there."""
    place: Path = settings.home / "studio"
    door = Door(key=home_key(place), password=password)
    jobs = JobRunner(folder=place / "jobs", home=settings.home)
    jobs.tidy()
    return Studio(
        settings=settings,
        door=door,
        pages=Pages(door),
        shelf=TableShelf(place / "tables"),
        reader=TableReader(),
        jobs=jobs,
        models=ModelShelf(settings),
        most_bytes=most_bytes,
    )


def warm_up() -> None:
    """Import in the background what the first pages need, and is slow to import."""
    threading.Thread(target=_import_all, name="warm-studio", daemon=True).start()


def _import_all() -> None:
    for name in _SLOW:
        importlib.import_module(name)


def _page_before(request: Request) -> str:
    """Return the path of the page that a request came from; the first one if it is not ours."""
    before = request.headers.get("referer", "")
    return urlsplit(before).path if is_same_place(before, request.headers.get("host")) else "/"


def _answer_errors(app: FastAPI, studio: Studio) -> None:
    """Answer every error with a page in plain words."""

    def say(request: Request, status: int, title: str, text: str) -> HTMLResponse:
        context = {"title": title, "text": text, "back": _page_before(request)}
        is_part = "hx-request" in request.headers
        template = "error_part.html" if is_part else "error.html"
        return studio.pages.page(request, template, context, status)

    @app.exception_handler(UserError)
    def wrong(request: Request, error: UserError) -> Response:
        return say(request, 400, "This cannot be done", str(error))

    @app.exception_handler(StoreUnavailableError)
    def away(request: Request, error: StoreUnavailableError) -> Response:
        return say(request, 503, "A store does not answer", f"{error}. Try again in a moment.")

    @app.exception_handler(TooLargeError)
    def large(request: Request, error: TooLargeError) -> Response:
        return say(request, 413, "This is too large", str(error))

    @app.exception_handler(StarletteHTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        missing = error.status_code == 404
        text = str(error.detail)
        if missing and text == "Not Found":
            text = "There is no such page."
        title = "Not found" if missing else "This cannot be done"
        return say(request, error.status_code, title, text)

    @app.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> Response:
        _LOG.error("%s %s failed: %s", request.method, request.url.path, redact(str(error)))
        text = (
            "Something went wrong inside the studio; what it was is in its log. Nothing was "
            "changed by this page."
        )
        return say(request, 500, "Something went wrong", text)

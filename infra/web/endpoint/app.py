"""The routes of an endpoint."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from espalier.infra.web.answering.answerer import refusal
from espalier.infra.web.answering.messages import JSON, MEDIA_TYPES, Question, Reply, Style
from espalier.infra.web.endpoint.description import describe
from espalier.infra.web.endpoint.docs_page import docs_page
from espalier.infra.web.endpoint.endpoint import Endpoint
from espalier.infra.web.endpoint.guard import Guard, too_large
from espalier.infra.web.endpoint.openapi import openapi

BODY_SECONDS = 30.0
"""Seconds in which a body must arrive."""
_LATE, _UNKNOWN_TYPE, _NOT_FOUND, _BUSY = 408, 415, 404, 503
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


def create_app(endpoint: Endpoint) -> FastAPI:
    """Return the application of an endpoint; its lifespan opens and closes the endpoint."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with endpoint:
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(Guard, options=endpoint.options)
    app.add_exception_handler(HTTPException, _said)
    pages = _Pages(endpoint)
    app.add_route("/models/{name}/predict", pages.predict, methods=["POST"])
    app.add_route("/invocations", pages.invocations, methods=["POST"])
    for path, page in (
        ("/", pages.front),
        ("/models", pages.models),
        ("/models/{name}", pages.model),
        ("/health", pages.health),
        ("/ping", pages.health),
        ("/ready", pages.ready),
        ("/metrics", pages.metrics),
        ("/docs", pages.docs),
        ("/openapi.json", pages.openapi),
    ):
        app.add_route(path, page, methods=["GET"])
    return app


class _Pages:
    """What each address answers.

    Parameters
    ----------
    endpoint : Endpoint
        What is served.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def predict(self, request: Request) -> Response:
        """Predict the rows of a request with the model that the address names."""
        name = request.path_params["name"]
        if name not in self._endpoint.models:
            return self._unknown(name)
        return await self._ask(name, request, "espalier")

    async def invocations(self, request: Request) -> Response:
        """Predict the rows of a request as MLflow's server does."""
        names = list(self._endpoint.models)
        if len(names) > 1:
            said = f"there are {len(names)} models here; ask /models/NAME/predict"
            return _response(refusal(_NOT_FOUND, said))
        return await self._ask(names[0], request, "mlflow")

    async def front(self, request: Request) -> Response:
        """Lead to the documentation."""
        return RedirectResponse(f"{request.scope.get('root_path', '')}/docs")

    async def models(self, _request: Request) -> Response:
        """List what is served."""
        return JSONResponse({"models": [self._described(name) for name in self._endpoint.models]})

    async def model(self, request: Request) -> Response:
        """Describe one model."""
        name = request.path_params["name"]
        if name not in self._endpoint.models:
            return self._unknown(name)
        return JSONResponse(self._described(name))

    async def health(self, _request: Request) -> Response:
        """Say that the server is up."""
        return JSONResponse({"status": "ok"})

    async def ready(self, _request: Request) -> Response:
        """Say whether every model can answer."""
        waiting = [name for name, each in self._endpoint.models.items() if not each.is_ready]
        if waiting:
            return _response(refusal(_BUSY, f"not ready: {', '.join(waiting)}"))
        return JSONResponse({"status": "ready"})

    async def metrics(self, _request: Request) -> Response:
        """Give the figures for Prometheus."""
        page = self._endpoint.metrics.page()
        return Response(page, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def docs(self, request: Request) -> Response:
        """Show the documentation."""
        return HTMLResponse(docs_page(self._endpoint, str(request.base_url).rstrip("/")))

    async def openapi(self, _request: Request) -> Response:
        """Give the OpenAPI document."""
        return JSONResponse(openapi(self._endpoint))

    async def _ask(self, name: str, request: Request, style: Style) -> Response:
        media = MEDIA_TYPES.get(_media_type(request))
        if media is None or "content-encoding" in request.headers:
            given = request.headers.get("content-encoding") or _media_type(request)
            said = f"a body of type {given[:60]!r} is not read; send {', '.join(MEDIA_TYPES)}"
            return _response(refusal(_UNKNOWN_TYPE, said))
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self._body(request)
        except TimeoutError:
            said = f"the body did not arrive within {BODY_SECONDS:g} s"
            return _response(refusal(_LATE, said), {"connection": "close"})
        except ClientDisconnect:
            return Response(status_code=_LATE)
        if body is None:
            return _response(too_large(self._endpoint.options.most_bytes), {"connection": "close"})
        request_id = _request_id(request)
        question = Question(
            body=body,
            media=media,
            options=dict(request.query_params),
            style=style,
            request_id=request_id,
        )
        reply, version = await self._endpoint.ask(name, question)
        headers = {"x-request-id": request_id}
        if version is not None:
            headers["x-model-version"] = str(version)
        return _response(reply, headers)

    async def _body(self, request: Request) -> bytes | None:
        """Return the body of a request; None if it is too large."""
        parts, n_bytes = [], 0
        async for part in request.stream():
            n_bytes += len(part)
            if n_bytes > self._endpoint.options.most_bytes:
                return None
            parts.append(part)
        return b"".join(parts)

    def _described(self, name: str) -> dict[str, Any]:
        share = self._endpoint.options.challenger_share
        return describe(self._endpoint.models[name], challenger_share=share)

    def _unknown(self, name: str) -> Response:
        there = ", ".join(repr(each) for each in self._endpoint.models)
        return _response(
            refusal(_NOT_FOUND, f"no model {name[:100]!r} is served here; there is {there}")
        )


def _media_type(request: Request) -> str:
    given = request.headers.get("content-type", JSON)
    return given.partition(";")[0].strip().lower()


def _request_id(request: Request) -> str:
    """Return the request's name: the client's own where it has a usable one."""
    given = request.headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _response(reply: Reply, headers: dict[str, str] | None = None) -> Response:
    headers = dict(headers or {})
    if reply.status == _BUSY:
        headers["retry-after"] = "1"
    return Response(reply.body, status_code=reply.status, media_type=JSON, headers=headers)


async def _said(request: Request, error: Exception) -> Response:
    """Answer what Starlette turns away, such as an unknown address, in the form of all refusals."""
    assert isinstance(error, HTTPException)
    said = f"{request.method} {request.url.path[:200]}: {error.detail}"
    return _response(refusal(error.status_code, said), dict(error.headers or {}))

"""Remember on the Prefect server whom the authenticating proxy named: a server with users.

Prefect's own server has no users. An authenticating proxy before it names them in a header of each
request. `create_app` makes Prefect's server, and notes beside a flow run who has started it and who
has answered its question, where `espalier.flows.progress.acting` reads it. Nobody can note it but
this: requests that try are refused. The setting ``user_header`` names the header; without it, this
is Prefect's server as it is.

Own servers of `espalier serve` and `espalier ui` are made by it. One that you run yourself is, with

    uvicorn --factory espalier.infra.orchestration.proxy_user:create_app --host 0.0.0.0 --port 4200
"""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from espalier.infra.settings import load_settings

_LOG = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

STARTED_BY = "espalier-started-by"
ANSWERED_BY = "espalier-answered-by"
_OURS = (STARTED_BY, ANSWERED_BY)

_RESUME = re.compile(r"(?P<base>.*)/flow_runs/(?P<id>[0-9a-fA-F-]{36})/resume/?")
_START = re.compile(r"(?P<base>.*)/deployments/[0-9a-fA-F-]{36}/create_flow_run/?")
_INPUT = re.compile(r".*/flow_runs/[0-9a-fA-F-]{36}/input(?:/(?P<key>[^/]+))?/?")


def create_app() -> App:
    """Return Prefect's server, which remembers users if the settings name their header."""
    from prefect.server.api.server import create_app as create_prefect

    app: App = create_prefect()
    header = load_settings().user_header
    return app if header is None else UserMemory(app, header)


class UserMemory:
    """An ASGI application around Prefect's server that notes the users of some requests.

    Parameters
    ----------
    app : callable
        Prefect's server.
    header : str
        Name of the header that holds the user.
    """

    def __init__(self, app: App, header: str) -> None:
        self._app = app
        self._header = header.lower().encode("latin-1")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] not in ("POST", "DELETE"):
            await self._app(scope, receive, send)
            return
        user, path = self._user(scope), str(scope["path"])
        if (about := _INPUT.fullmatch(path)) is not None:
            await self._guarded(scope, receive, send, about["key"])
        elif (about := _RESUME.fullmatch(path)) is not None:
            # Before the answer: it may be taken up at once. One without a user replaces another's.
            await self._note(scope, f"{about['base']}/flow_runs/{about['id']}", ANSWERED_BY, user)
            await self._app(scope, receive, send)
        elif (about := _START.fullmatch(path)) is not None and user:
            await self._started(scope, receive, send, about["base"], user)
        else:
            await self._app(scope, receive, send)

    def _user(self, scope: Message) -> str:
        given = [value for name, value in scope["headers"] if name.lower() == self._header]
        # Two values: one is not the proxy's.
        return given[0].decode("latin-1").strip()[:200] if len(given) == 1 else ""

    async def _guarded(self, scope: Message, receive: Receive, send: Send, key: str | None) -> None:
        """Let a request about a run's inputs pass, unless it concerns what is noted here."""
        body = await _body(receive) if scope["method"] == "POST" else b""
        named = unquote(key) if key else _field(body, "key")
        if named in _OURS:
            text = b'{"detail":"only the server itself notes who has started or answered a run"}'
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": text})
            return
        await self._app(scope, _replayed(body, receive) if body else receive, send)

    async def _started(
        self, scope: Message, receive: Receive, send: Send, base: str, user: str
    ) -> None:
        """Note who has started a run, before the answer says that there is one."""
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        # Compressed, the answer could not be read here.
        plain = [each for each in scope["headers"] if each[0].lower() != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, keep)
        if made := _field(b"".join(each.get("body", b"") for each in answer), "id"):
            await self._note(scope, f"{base}/flow_runs/{made}", STARTED_BY, user)
        for each in answer:
            await send(each)

    async def _note(self, scope: Message, run: str, key: str, user: str) -> None:
        """Store a user beside a flow run, in the place of an earlier one."""
        await self._ask(scope, "DELETE", f"{run}/input/{key}", b"")
        if user:
            body = json.dumps({"key": key, "value": json.dumps(user)}).encode()
            await self._ask(scope, "POST", f"{run}/input", body)

    async def _ask(self, scope: Message, method: str, path: str, body: bytes) -> None:
        """Send a request of our own to Prefect's server, with the rights of the one at hand."""
        kept = [
            each
            for each in scope["headers"]
            if each[0].lower() not in (b"content-length", b"content-type", b"transfer-encoding")
        ]
        length = (b"content-length", str(len(body)).encode())
        headers = [*kept, length, (b"content-type", b"application/json")]
        inner = {**scope, "method": method, "path": path, "raw_path": path.encode()}
        inner |= {"headers": headers, "query_string": b""}

        async def listen(message: Message) -> None:
            wrong = message["type"] == "http.response.start" and message["status"] >= 400
            if wrong and method != "DELETE":  # there may have been nothing to delete
                _LOG.error("%s %s: status %s; nobody is noted", method, path, message["status"])

        await self._app(inner, _replayed(body, None), listen)


async def _body(receive: Receive) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        parts.extend(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return bytes(parts)


def _replayed(body: bytes, then: Receive | None) -> Receive:
    """Return what a server reads a body from that was read already."""
    parts: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if parts:
            return parts.pop()
        if then is None:  # nobody hangs up on a request of our own; it ends when it is answered
            await asyncio.Event().wait()
            raise AssertionError("an event that nobody sets was set")
        return await then()

    return receive


def _field(body: bytes, name: str) -> str | None:
    try:
        found = json.loads(body).get(name)
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None

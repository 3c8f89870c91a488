"""What stands before every request: host, size, session and origin are checked here.

It is plain ASGI, so that a request that is refused is refused before its body is read.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from espalier.flows.studio.security.door import SESSION_SECONDS, Door
from espalier.flows.studio.security.hosts import KnownHosts, is_same_place

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

SESSION = "espalier_session"
"""Key of the request's scope under which the name of its session stands."""
FORM_BYTES = 4_000_000
"""The largest form without a file."""
_SAFE = ("GET", "HEAD", "OPTIONS")
_FREE = ("/static/", "/login", "/alive")
_OWN = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}


class TooLargeError(Exception):
    """More was sent than is accepted; the studio answers it with `too_large`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """An ASGI application around the studio's.

    Attributes
    ----------
    app : callable
        The studio.
    door : Door
        Knows the sessions.
    hosts : KnownHosts
        The names under which the studio answers.
    most_bytes : int
        The largest upload.
    """

    app: App
    door: Door
    hosts: KnownHosts
    most_bytes: int

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host")
        if not self.hosts.has(host):
            await _say(send, 421, "This studio does not answer under that name.")
            return
        if scope["method"] not in _SAFE and not _is_ours(headers, host):
            await _say(send, 403, "A page of another site sent this; nothing was done.")
            return
        session = self.door.session_of(_cookie(headers, self.door.cookie))
        is_new = session is None and self.door.is_open
        cookie = self.door.new_session() if is_new else None
        if cookie is not None:
            session = cookie.split(".", 1)[0]
        if session is None and not str(scope["path"]).startswith(_FREE):
            await _to_login(scope, send)
            return
        most = self.most_bytes if b"multipart/" in _kind(headers) else FORM_BYTES
        length = headers.get(b"content-length", "")
        if length.isdecimal() and int(length) > most:
            await _say(send, 413, too_large(most))
            return
        scope[SESSION] = session
        await self.app(scope, _counted(receive, most), self._sent(scope, send, cookie))

    def _sent(self, scope: Message, send: Send, cookie: str | None) -> Send:
        """Return ``send`` with the headers that every answer has."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                more = dict(_HEADERS)
                more[b"content-security-policy"] = _OWN.encode()
                if not str(scope["path"]).startswith("/static/"):
                    more[b"cache-control"] = b"no-store"
                if cookie is not None:
                    made = session_cookie(self.door, cookie, scope)
                    more[b"set-cookie"] = made.encode("latin-1")
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in more.items() if name not in given),
                ]
            await send(message)

        return sent


def session_cookie(door: Door, value: str, scope: Message) -> str:
    """Return the ``Set-Cookie`` header of a session: for this site alone, and not for scripts."""
    safe = "; Secure" if scope.get("scheme") == "https" else ""
    return (
        f"{door.cookie}={value}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Strict{safe}"
    )


def _is_ours(headers: dict[bytes, str], host: str | None) -> bool:
    """Return whether a request that changes something comes from a page of ours.

    Browsers say so in every such request. What says nothing of it is no browser, and needs the
    token of a form all the same.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    origin = headers.get(b"origin") or headers.get(b"referer")
    return origin is None or is_same_place(origin, host)


def _cookie(headers: dict[bytes, str], name: str) -> str | None:
    for part in headers.get(b"cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None


def _kind(headers: dict[bytes, str]) -> bytes:
    return headers.get(b"content-type", "").lower().encode()


def _counted(receive: Receive, most: int) -> Receive:
    """Return ``receive``, which gives up where more is sent than was announced."""
    n_bytes = 0

    async def counted() -> Message:
        nonlocal n_bytes
        message = await receive()
        n_bytes += len(message.get("body", b""))
        if n_bytes > most:
            raise TooLargeError(too_large(most))
        return message

    return counted


async def _to_login(scope: Message, send: Send) -> None:
    """Send a person to the page that asks for the password; whatever else gets a 401."""
    path = str(scope["path"])
    is_page = scope["method"] == "GET"
    is_part = any(name.lower() == b"hx-request" for name, _ in scope["headers"])
    if not is_page:
        await _say(send, 401, "Log in first.")
        return
    where = f"/login?after={quote(path, safe='/')}".encode()
    headers = [(b"location", where), (b"cache-control", b"no-store")]
    if is_part:  # htmx then opens the page as a whole
        headers = [(b"hx-redirect", where), (b"cache-control", b"no-store")]
    await send(
        {"type": "http.response.start", "status": 204 if is_part else 303, "headers": headers}
    )
    await send({"type": "http.response.body", "body": b""})


async def _say(send: Send, status: int, text: str) -> None:
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": f"{text}\n".encode()})


def too_large(most: int) -> str:
    """Say that something is too large, and what to do."""
    return (
        f"This is larger than the {most / 1e6:,.0f} MB that the studio accepts. Give a smaller "
        "file, or start it with a larger --max-upload."
    )

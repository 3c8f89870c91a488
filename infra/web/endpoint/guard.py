"""What a request must have before anything of it is read: a token, a known host, a bounded size."""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from espalier.infra.network.ports import is_loopback
from espalier.infra.web.answering.answerer import refusal
from espalier.infra.web.answering.messages import Reply
from espalier.infra.web.endpoint.options import EndpointOptions

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

OPEN_PATHS = frozenset({"/health", "/ready", "/ping"})
"""Asked by probes, which have no token."""
_UNAUTHORISED, _MISDIRECTED, _TOO_LARGE = 401, 421, 413
# A browser asks the user for a name and a password; the token is the password.
_CHALLENGES = [
    (b"www-authenticate", b'Bearer realm="espalier"'),
    (b"www-authenticate", b'Basic realm="espalier", charset="UTF-8"'),
]


class Guard:
    """Turns away requests without a token, of other hosts, or with too large a body.

    An endpoint for this machine alone, without a token, answers only to names of this machine: a
    page of another site, whose name was made to lead here, has another one (DNS rebinding).

    Parameters
    ----------
    app : callable
        The application behind it.
    options : EndpointOptions
        Token, host and size.
    """

    def __init__(self, app: App, options: EndpointOptions) -> None:
        self._app = app
        self._token = None if options.token is None else options.token.encode()
        self._is_local = options.is_local and options.token is None
        self._most_bytes = options.most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or turn it away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if self._is_local and not is_loopback(_host(headers.get(b"host", b"localhost"))):
            said = "this endpoint answers only to names of its own machine, such as 127.0.0.1"
            await _answer(send, refusal(_MISDIRECTED, said))
            return
        if not self._is_allowed(scope["path"], headers.get(b"authorization", b"")):
            said = "a token is needed, as the header 'Authorization: Bearer TOKEN'"
            await _answer(send, refusal(_UNAUTHORISED, said), _CHALLENGES)
            return
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and len(length) < 20 and int(length) > self._most_bytes:
            await _answer(send, too_large(self._most_bytes), [(b"connection", b"close")])
            return
        await self._app(scope, receive, send)

    def _is_allowed(self, path: str, authorization: bytes) -> bool:
        if self._token is None or path in OPEN_PATHS:
            return True
        kind, _, value = authorization.strip().partition(b" ")
        value = value.strip()
        if kind.lower() == b"basic":
            try:
                value = base64.b64decode(value, validate=True).partition(b":")[2]
            except binascii.Error:
                return False
        elif kind.lower() != b"bearer":
            return False
        return hmac.compare_digest(value, self._token)


def too_large(most_bytes: int) -> Reply:
    """Return the reply to a body that is too large."""
    return refusal(
        _TOO_LARGE, f"the body is larger than {most_bytes:,} bytes; send fewer rows at a time"
    )


def _host(header: bytes) -> str:
    """Return the host that a request names, without its port."""
    text = header.decode("latin-1").strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].lower()


async def _answer(send: Send, reply: Reply, headers: Iterable[Header] = ()) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(reply.body)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": reply.body})

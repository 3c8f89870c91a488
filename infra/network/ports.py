"""Find free ports, and ask the servers of this machine."""

import ipaddress
import json
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

_POLL_SECONDS = 0.1
# A starting server may have accepted the connection already, and answers once it is up. Giving up
# early would leave it a queue of abandoned requests.
_PATIENCE_SECONDS = 10.0
_ASKED_SECONDS = 5.0
_BACKLOG = 128
# No proxy, whatever the environment says: it could not reach this machine's servers.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port(preferred: int | None = None) -> int:
    """Return a free port of 127.0.0.1: ``preferred`` if it is free, otherwise any."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port of 127.0.0.1 is free")


def listen(preferred: int | None = None) -> socket.socket:
    """Return a socket listening at a port of 127.0.0.1: ``preferred`` if free, otherwise any.

    Pass it to the server; from now on no other process can use the port.
    """
    for port in (preferred, 0):
        if port is not None and (listening := listen_at(port)) is not None:
            return listening
    raise OSError("no port of 127.0.0.1 is free")


def listen_at(port: int) -> socket.socket | None:
    """Return a socket listening at this port of 127.0.0.1; None if the port is in use."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(_BACKLOG)  # of two sockets bound to a port, only one can listen
    except OSError:
        listening.close()
        return None
    return listening


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches what listens at ``host``, a name or an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_local(url: str) -> bool:
    """Return whether ``url`` is a server of ours: 127.0.0.1, a port, maybe ``/api``."""
    return re.fullmatch(r"http://127\.0\.0\.1:\d{1,5}(/api)?", url) is not None


def answers(url: str, seconds: float = 2.0) -> bool:
    """Return whether a GET of ``url`` succeeds within ``seconds``; of this machine's, directly."""
    try:
        local = urlsplit(url).hostname == "127.0.0.1"
        opened = _DIRECT.open if local else urllib.request.urlopen
        with opened(url, timeout=seconds) as reply:
            return 200 <= int(reply.status) < 300
    except (urllib.error.URLError, OSError, ValueError):
        return False


def ask_json(
    url: str, body: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None
) -> Any:
    """Return what a server of this machine answers: to a GET, or to a POST of a body.

    Parameters
    ----------
    url : str
        What is asked.
    body : mapping or None
        What is sent as JSON; None for a GET.
    headers : mapping or None
        Headers besides that of the type.

    Raises
    ------
    OSError
        It does not answer, or refuses (`urllib.error.HTTPError`).
    ValueError
        It answers with what is no JSON.
    """
    data = None if body is None else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data=data, headers=sent)
    with _DIRECT.open(request, timeout=_ASKED_SECONDS) as reply:
        return json.loads(reply.read() or b"null")


def wait_until_answers(url: str, *, seconds: float, alive: Callable[[], bool]) -> bool:
    """Wait until ``url`` answers; return False after ``seconds`` or once ``alive()`` is False."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answers(url, min(_PATIENCE_SECONDS, max(1.0, end - time.monotonic()))):
            return True
        if not alive():
            return False
        time.sleep(_POLL_SECONDS)
    return False

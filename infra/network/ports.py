"""Ports and health of servers on this machine."""

import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable

_POLL_SECONDS = 0.1
# A server that is starting may have taken the connection already, and answers when it is up. Who
# gives up early leaves it a queue of requests that nobody waits for any more.
_PATIENCE_SECONDS = 10.0
_BACKLOG = 128


def free_port(preferred: int | None = None) -> int:
    """Return a free port of 127.0.0.1: ``preferred`` if nobody listens there, else any."""
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
    """Return a socket that listens at a port of 127.0.0.1: ``preferred`` if it is free, else any.

    To be handed to the server: from now on nobody else can have the port.
    """
    for port in (preferred, 0):
        if port is not None and (listening := listen_at(port)) is not None:
            return listening
    raise OSError("no port of 127.0.0.1 is free")


def listen_at(port: int) -> socket.socket | None:
    """Return a socket that listens at this port of 127.0.0.1; None if somebody else does."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(_BACKLOG)  # of two that are bound, one may
    except OSError:
        listening.close()
        return None
    return listening


def is_local(url: str) -> bool:
    """Whether ``url`` is a server of ours: 127.0.0.1, a port, and nothing that leads elsewhere."""
    return re.fullmatch(r"http://127\.0\.0\.1:\d{1,5}(/api)?", url) is not None


def answers(url: str, seconds: float = 2.0) -> bool:
    """Whether a GET of ``url`` is answered with success within ``seconds``."""
    try:
        with urllib.request.urlopen(url, timeout=seconds) as reply:
            return 200 <= int(reply.status) < 300
    except (urllib.error.URLError, OSError, ValueError):
        return False


def wait_until_answers(url: str, *, seconds: float, alive: Callable[[], bool]) -> bool:
    """Wait until ``url`` answers; False if that takes ``seconds`` or ``alive()`` turns False."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answers(url, min(_PATIENCE_SECONDS, max(1.0, end - time.monotonic()))):
            return True
        if not alive():
            return False
        time.sleep(_POLL_SECONDS)
    return False

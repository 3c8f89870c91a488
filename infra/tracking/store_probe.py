"""Whether a store answers, asked before MLflow is.

MLflow's own client asks a dead database ten times, for a hundred seconds, and a task that opens the
store does so four times. Here a store has five seconds a time.
"""

import socket
import time
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

# How long a store may take to be there, and how long one attempt to reach it.
PATIENCE_SECONDS = 5.0
_ATTEMPT_SECONDS = 5
_POLL_SECONDS = 0.5
_PORTS = {"http": 80, "https": 443}
# How drivers call the seconds that connecting may take.
_TIMEOUT_NAMES = {"postgresql": "connect_timeout", "mysql": "connect_timeout", "sqlite": "timeout"}


def require_answer(uri: str) -> None:
    """Return once the store at ``uri`` can be connected to; a kind that is not known passes.

    Raises
    ------
    ConnectionError
        Nobody listens at the address of a server.
    sqlalchemy.exc.OperationalError
        The database cannot be connected to.
    """
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme in _PORTS:
        connect = _server(uri, scheme)
    elif scheme in _TIMEOUT_NAMES:
        connect = _database(uri, _TIMEOUT_NAMES[scheme])
    else:
        return
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return connect()
        except Exception:
            if time.monotonic() >= end:
                raise
            time.sleep(_POLL_SECONDS)


def _server(uri: str, scheme: str) -> Callable[[], None]:
    parts = urlsplit(uri)
    host = parts.hostname or ""
    port = parts.port or _PORTS[scheme]

    def connect() -> None:
        if urllib.request.getproxies().get(scheme) and not urllib.request.proxy_bypass(host):
            return  # only the proxy reaches it
        try:
            socket.create_connection((host, port), timeout=_ATTEMPT_SECONDS).close()
        except OSError as error:
            raise ConnectionError(f"{host}:{port}: {error.strerror or error}") from None

    return connect


def _database(uri: str, timeout_name: str) -> Callable[[], None]:
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    engine = sa.create_engine(
        uri, poolclass=NullPool, connect_args={timeout_name: _ATTEMPT_SECONDS}
    )

    def connect() -> None:
        engine.connect().close()

    return connect

"""Check that a store answers before MLflow uses it.

MLflow's own client tries a dead database ten times, for a hundred seconds, and a task that opens
the store is retried four times. Here a store has five seconds per attempt.
"""

import socket
import time
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

from espalier.pipelines.errors import UserError

# Seconds for a store to become reachable, and for a single attempt to connect.
PATIENCE_SECONDS = 5.0
_ATTEMPT_SECONDS = 5
_POLL_SECONDS = 0.5
_PORTS = {"http": 80, "https": 443}
# Names of the drivers' options for the connection timeout.
_TIMEOUT_NAMES = {"postgresql": "connect_timeout", "mysql": "connect_timeout", "sqlite": "timeout"}


def require_answer(uri: str) -> None:
    """Return once the store at ``uri`` can be connected to; unknown kinds are not checked.

    Raises
    ------
    ConnectionError
        No server listens at the address.
    UserError
        The database's driver is not installed.
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
            return  # it is reachable only through the proxy
        try:
            socket.create_connection((host, port), timeout=_ATTEMPT_SECONDS).close()
        except OSError as error:
            raise ConnectionError(f"{host}:{port}: {error.strerror or error}") from None

    return connect


def _database(uri: str, timeout_name: str) -> Callable[[], None]:
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    try:
        engine = sa.create_engine(
            uri, poolclass=NullPool, connect_args={timeout_name: _ATTEMPT_SECONDS}
        )
    except ModuleNotFoundError as error:
        # SQLAlchemy 2.1 takes postgresql:// for psycopg 3, 2.0 took it for psycopg2.
        scheme = urlsplit(uri).scheme
        raise UserError(
            f"the driver {error.name!r} of {scheme}:// is not installed; install it, or name "
            f"another in the address, like {scheme.partition('+')[0]}+DRIVER://"
        ) from None

    def connect() -> None:
        engine.connect().close()

    return connect

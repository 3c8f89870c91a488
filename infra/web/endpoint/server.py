"""Run an endpoint: listen, open the models, answer until told to stop."""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable

from espalier.infra.settings import Settings
from espalier.infra.web.endpoint.app import create_app
from espalier.infra.web.endpoint.endpoint import Endpoint
from espalier.infra.web.endpoint.options import EndpointOptions
from espalier.pipelines.errors import UserError

_BACKLOG = 2_048
_IN_USE = (98, 48, 10048)  # EADDRINUSE of Linux, macOS and Windows
# Longer than any load balancer keeps idle connections, so that it is never us who close first.
_KEEP_ALIVE_SECONDS = 75

WhenReady = Callable[[Endpoint, str], None]


def run_endpoint(options: EndpointOptions, settings: Settings, when_ready: WhenReady) -> None:
    """Serve until SIGINT or SIGTERM; requests that have begun are answered first.

    Parameters
    ----------
    options : EndpointOptions
        What is served, and where.
    settings : Settings
        Name the stores and the home folder.
    when_ready : callable (Endpoint, str) -> None
        Called with the address, such as ``http://127.0.0.1:8080``, once models can answer.

    Raises
    ------
    UserError
        The port is in use, there is no such model, or it cannot be opened.
    """
    listening = _bound(options.host, options.port)
    try:
        asyncio.run(_serve(Endpoint(options, settings), listening, when_ready))
    finally:
        listening.close()


async def _serve(endpoint: Endpoint, listening: socket.socket, when_ready: WhenReady) -> None:
    import uvicorn

    options = endpoint.options
    config = uvicorn.Config(
        create_app(endpoint),
        lifespan="off",  # opened here: uvicorn would print a traceback where a model is missing
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=int(options.patience) + 5,
        h11_max_incomplete_event_size=64 * 1024,
    )
    async with endpoint:
        when_ready(endpoint, _address(options.host, listening.getsockname()[1]))
        await uvicorn.Server(config).serve(sockets=[listening])


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket at an address; requests wait there until the models are open.

    Raises
    ------
    UserError
        The address cannot be listened at.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno in _IN_USE:
            said = f"port {port} of {host} is in use; choose another one with --port"
        else:
            said = f"cannot listen at {host}:{port}: {error.strerror or error}"
        raise UserError(said) from None
    return listening


def _address(host: str, port: int) -> str:
    """Return the address of a socket, as this machine's programs reach it."""
    with contextlib.suppress(ValueError):  # a name
        if ipaddress.ip_address(host).is_unspecified:
            host = "::1" if ":" in host else "127.0.0.1"
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"

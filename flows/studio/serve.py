"""Run the studio until Ctrl-C."""

import os
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from espalier.flows.studio.security.hosts import KnownHosts
from espalier.infra.network.ports import is_loopback
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    import uvicorn

    from espalier.infra.settings import Settings

DEFAULT_PORT = 8600
PASSWORD_VARIABLE = "ESPALIER_STUDIO_PASSWORD"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioOptions:
    """How the studio is served.

    Attributes
    ----------
    host : str
        Address to listen at.
    port : int
        Port to listen at.
    password : str or None
        What people must give; None for none at this machine, and a drawn one elsewhere.
    names : tuple of str
        Further names under which it is reached, such as that of a proxy.
    most_megabytes : float
        The largest upload, in MB.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    password: str | None = None
    names: tuple[str, ...] = ()
    most_megabytes: float = 500.0

    def __post_init__(self) -> None:
        if not 0 < self.most_megabytes <= 1_000_000:
            raise UserError(f"--max-upload must be a number of MB, not {self.most_megabytes:g}")
        if self.password is not None and len(self.password) < 8:
            raise UserError("the password of the studio needs at least eight characters")

    @property
    def effective_password(self) -> str | None:
        """The password; a drawn one where others reach the studio and none is given."""
        if self.password is not None or is_loopback(self.host):
            return self.password
        return secrets.token_urlsafe(16)


def serve_studio(options: StudioOptions, settings: "Settings") -> None:
    """Serve the pages until Ctrl-C, and print where they are.

    Raises
    ------
    UserError
        The address or the port cannot be listened at, or the home folder cannot be written.
    """
    import uvicorn
    from rich.console import Console

    from espalier.flows.serving.declaration import open_own_folders
    from espalier.flows.studio.app import make_app, warm_up
    from espalier.infra.places import require_home

    require_home(settings.home)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    password = options.effective_password
    # Whoever is at this machine may name files of theirs; others may not.
    open_own_folders(settings, own_server=is_loopback(options.host) and password is None)
    os.environ.pop(PASSWORD_VARIABLE, None)  # what is started from here has no use for it
    app = make_app(
        settings,
        password=password,
        hosts=KnownHosts.of(options.host, options.names),
        most_bytes=int(options.most_megabytes * 1e6),
    )
    config = uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    listening = _listening(config)
    shown = f"[{options.host}]" if ":" in options.host else options.host
    port = listening.getsockname()[1]
    console.print(f"Studio   http://{shown}:{port}")
    if password is not None and password != options.password:
        console.print(f"password {password}")
    if not is_loopback(options.host):
        console.print(
            "It is not encrypted: put a proxy with TLS before it where the network is not yours.",
            style="yellow",
        )
    console.print("Ctrl-C stops it; trainings that it has started go on.", style="dim")
    warm_up()
    with suppress(KeyboardInterrupt):  # uvicorn stops in order first, and raises it then
        server.run(sockets=[listening])


def _listening(config: "uvicorn.Config") -> socket.socket:
    """Return the socket to listen at.

    Raises
    ------
    UserError
        Another program has the port, or this machine has no such address.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((config.host, config.port))
        made.listen(128)
    except (OSError, OverflowError) as error:
        made.close()
        raise UserError(
            f"the studio cannot listen at {config.host}, port {config.port}: "
            f"{getattr(error, 'strerror', None) or error}; choose another --port"
        ) from None
    return made

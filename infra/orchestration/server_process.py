"""The program that runs our own Prefect server.

``python -m espalier.infra.orchestration.server_process --port N --mark FILE``.

It serves Prefect's API and pages on 127.0.0.1, at a port or on a socket bound by its parent process
(``--listening``, a file descriptor). It ends when its standard input closes, so that it never
outlives its parent, however that ends.
"""

import argparse
import asyncio
import os
import socket
import sys
import threading
from pathlib import Path

from espalier.infra.processes.file_lock import exclusive


def main() -> None:
    """Run the server until standard input closes."""
    parser = argparse.ArgumentParser(description="Serve Prefect until standard input closes.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--listening", type=int)
    parser.add_argument("--mark", type=Path, required=True)
    arguments = parser.parse_args()
    _make_database(arguments.mark)

    import uvicorn

    config = uvicorn.Config(
        "espalier.infra.orchestration.proxy_user:create_app",
        factory=True,
        host="127.0.0.1",
        port=arguments.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)

    def end_with_parent() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        server.should_exit = True

    threading.Thread(target=end_with_parent, daemon=True).start()
    given = arguments.listening
    server.run(sockets=None if given is None else [socket.socket(fileno=given)])


def _make_database(mark: Path) -> None:
    """Create or migrate the database's tables, once for all servers that start at the same time.

    The file ``mark`` holds the version of Prefect that did so last.
    """
    import prefect

    with exclusive(mark.with_suffix(".lock")):
        if mark.exists() and mark.read_text() == prefect.__version__:
            return
        from prefect.server.database import provide_database_interface

        asyncio.run(provide_database_interface().create_db())
        mark.write_text(prefect.__version__)


if __name__ == "__main__":
    main()

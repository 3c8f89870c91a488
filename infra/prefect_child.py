"""The program of an own Prefect server: ``python -m infra.prefect_child --port N``.

It serves Prefect's API and pages on 127.0.0.1 and ends when its standard input closes, so that it
never outlives whoever started it, however that one ended.
"""

import argparse
import os
import sys
import threading


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(description="Serve Prefect until standard input closes.")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port

    import uvicorn

    config = uvicorn.Config(
        "prefect.server.api.server:create_app",
        factory=True,
        host="127.0.0.1",
        port=port,
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
    server.run()


if __name__ == "__main__":
    main()

"""`espalier endpoint` beside `mlflow models serve`: one row a request, then faults under load.

    python benchmarks/endpoint.py --home FOLDER [--connections 32] [--requests 2000] [--workers 1]

Both serve the same registered model on this machine, one after the other, and are asked by the same
load generator: so many connections, each of which sends its next request when it has its answer.
Then, under the same load, the champion changes ten times and a worker process is killed, which must
not fail a request; and 1,000 wrong bodies must each get a status of 400 to 499. A home folder
without the model gets one first. The last line is JSON.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from parts.endpoint.faults import bad_body, with_faults
from parts.endpoint.load import HOST, Connection, Load, load
from parts.endpoint.server import BIN, NAME, make_model, serving

BAD_BODIES = 1_000


def measured(port: int, path: str, body: bytes, options: argparse.Namespace) -> Load:
    """Return the load of one server, after some requests that do not count."""

    def run(n_requests: int) -> Load:
        return asyncio.run(
            load(
                port,
                path,
                lambda _: body,
                connections=options.connections,
                until=lambda sent: sent >= n_requests,
            )
        )

    run(max(options.requests // 10, options.connections))
    return run(options.requests)


def figures(found: Load) -> dict[str, float]:
    """Return the figures of a load."""
    return {
        "rows_a_second": round(found.rate, 1),
        "p50_ms": round(found.percentile(0.50), 1),
        "p99_ms": round(found.percentile(0.99), 1),
        "failed": found.failed,
    }


def main() -> None:
    """Measure both servers and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--port", type=int, default=8477)
    options = parser.parse_args()
    options.home = options.home.absolute()
    options.home.mkdir(parents=True, exist_ok=True)
    row = make_model(options.home)
    port = options.port
    mlflow = [str(BIN / "mlflow"), "models", "serve", "-m", f"models:/{NAME}@champion"]
    mlflow += ["--env-manager", "local", "--host", HOST, "--port", str(port)]
    ours = [sys.executable, "-m", "espalier", "endpoint", NAME, "--port", str(port)]
    ours += ["--workers", str(options.workers)]
    with serving(mlflow, port, options.home):
        body = json.dumps({"dataframe_records": [row]}).encode()
        theirs = measured(port, "/invocations", body, options)
    with serving(ours, port, options.home) as process:
        body = json.dumps({"rows": [row]}).encode()
        own = measured(port, f"/models/{NAME}/predict", body, options)
        faulty, n_swaps = asyncio.run(
            with_faults(port, process, options.home, body, options.connections)
        )
        bad = asyncio.run(
            load(
                port,
                f"/models/{NAME}/predict",
                lambda number: bad_body(number, row),
                connections=8,
                until=lambda sent: sent >= BAD_BODIES,
            )
        )
        after = asyncio.run(Connection(port, f"/models/{NAME}/predict").ask(body))
    outcome = {
        "mlflow": figures(theirs),
        "espalier": figures(own),
        "times_the_rows": round(own.rate / theirs.rate, 2),
        "share_of_p99": round(own.percentile(0.99) / theirs.percentile(0.99), 3),
        "swaps": n_swaps,
        "requests_with_faults": len(faulty.seconds),
        "failed_with_faults": faulty.failed,
        "bad_bodies": bad.statuses,
        "answers_afterwards": after,
    }
    for name in ("mlflow", "espalier"):
        print(f"{name:10}", *(f"{key} {value:>9}" for key, value in outcome[name].items()))
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()

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
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME = "endpoint-benchmark"
BIN = Path(sys.executable).parent
SWAPS, BAD_BODIES = 10, 1_000
START_SECONDS = 180.0
HOST = "127.0.0.1"


@dataclass
class Load:
    """What came of a number of requests.

    Attributes
    ----------
    seconds : list of float
        Time of each answer.
    statuses : dict of int to int
        Number of answers by HTTP status; 0 where there was none.
    wall : float
        Seconds that all took.
    """

    seconds: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    wall: float = 0.0

    def add(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.seconds.append(seconds)

    @property
    def failed(self) -> int:
        """Number of requests without a status of 200."""
        return sum(count for status, count in self.statuses.items() if status != 200)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.wall

    def percentile(self, share: float) -> float:
        """Return a percentile of the times, in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000.0 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]


class Connection:
    """A connection of HTTP/1.1 that is kept open; a lost one is opened again."""

    def __init__(self, port: int, path: str) -> None:
        self._port = port
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, body: bytes) -> int:
        """Send a body and return the status of the answer; 0 if there was none."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(HOST, self._port)
            reader, writer = self._streams
            writer.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(length)
            if b"connection: close" in head:
                self.close()
            return int(head.split(b" ", 2)[1])
        except (OSError, EOFError, ValueError):
            self.close()
            return 0

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def load(
    port: int,
    path: str,
    bodies: Callable[[int], bytes],
    *,
    connections: int,
    until: Callable[[int], bool],
) -> Load:
    """Send bodies over several connections until ``until`` of the number sent is true."""
    found, sent = Load(), 0

    async def one() -> None:
        nonlocal sent
        connection = Connection(port, path)
        while not until(sent):
            body = bodies(sent)
            sent += 1
            began = time.perf_counter()
            status = await connection.ask(body)
            found.add(status, time.perf_counter() - began)
        connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    found.wall = time.perf_counter() - began
    return found


@contextmanager
def serving(command: list[str], port: int, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the block."""
    environment = {
        **os.environ,
        "ESPALIER_HOME": str(home),
        # MLflow starts uvicorn by its name.
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "MLFLOW_TRACKING_URI": f"sqlite:///{home}/mlflow.db",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with (home / "server.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        end = time.monotonic() + START_SECONDS
        while not _is_up(port):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the server did not start; see {home / 'server.log'}")
            time.sleep(0.2)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        # What it started may answer for a moment longer, and would be taken for the next server.
        while _is_up(port):
            time.sleep(0.2)


def _is_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def make_model(home: Path) -> dict[str, Any]:
    """Register two versions of a small ensemble, unless they are there; return a row."""
    import numpy as np
    import pandas as pd

    from espalier.infra.registry.registry import describe_versions, register_version
    from espalier.infra.settings import Settings
    from espalier.infra.tracking.tracking import Tracking
    from espalier.pipelines.automl.estimators import AutoMLClassifier
    from espalier.pipelines.serving.saved_model import save_model

    rng = np.random.default_rng(0)
    n = 1_000
    X = pd.DataFrame({f"x{at}": rng.normal(size=n).round(3) for at in range(8)})
    X["plan"] = rng.choice(["basic", "plus", "pro"], n)
    X["city"] = rng.choice(list("abcdefgh"), n)
    y = np.where(X["x0"] + (X["plan"] == "pro") + rng.normal(0, 0.5, n) > 0.5, "yes", "no")
    settings = Settings(home=home, tracking_uri=None, registry_uri=None)
    if not describe_versions(NAME, settings):
        fitted = AutoMLClassifier(
            time_budget=None, n_trials=6, families=["linear", "lightgbm"], random_state=0
        ).fit(X, y)
        folder = save_model(fitted.model_, home / "saved", golden=X.head(8))
        tracking = Tracking(settings)
        for _ in range(2):
            run_id = tracking.start_run("training")
            register_version(tracking, name=NAME, run_id=run_id, folder=folder, example=X)
    row: dict[str, Any] = X.iloc[0].to_dict()
    return row


def bad_body(number: int, row: dict[str, Any]) -> bytes:
    """Return a body that is wrong in one of many ways."""
    draw = random.Random(number)
    whole = json.dumps({"rows": [row]}).encode()
    name = draw.choice(list(row))
    kinds: list[Callable[[], bytes]] = [
        lambda: whole[: draw.randrange(len(whole))],
        lambda: bytes(draw.randrange(256) for _ in range(draw.randrange(200))) + b"\xff",
        lambda: b"[" * draw.randrange(1, 5_000),
        lambda: json.dumps({"rows": [{**row, name: [1]}]}).encode(),
        lambda: json.dumps({"rows": [{**row, "x1": "abc" * draw.randrange(1, 50)}]}).encode(),
        lambda: json.dumps({"rows": [{**row, "x2": 10 ** draw.randrange(400, 900)}]}).encode(),
        lambda: json.dumps({"rows": [{k: v for k, v in row.items() if k != name}]}).encode(),
        lambda: json.dumps({"rows": draw.choice([None, 1, "x", [1], [[1]]])}).encode(),
        lambda: json.dumps({draw.choice("abc"): [row]}).encode(),
        lambda: json.dumps({"rows": [row], "interval": 0.9}).encode(),
        lambda: whole.replace(b"]", b"NaN]"),
        lambda: json.dumps({"inputs": [[1, 2, 3]]}).encode(),
    ]
    return draw.choice(kinds)()


async def with_faults(
    port: int, process: subprocess.Popen[bytes], home: Path, body: bytes, connections: int
) -> tuple[Load, int]:
    """Move the champion ten times and kill a worker under load; return it, and the swaps seen."""
    import psutil

    from espalier.infra.registry.registry import CHAMPION
    from espalier.infra.settings import Settings
    from espalier.infra.tracking.store import make_client

    client = make_client(Settings(home=home, tracking_uri=None, registry_uri=None))
    ended = asyncio.Event()

    async def faults() -> int:
        n_seen = 0
        try:
            for turn in range(SWAPS):
                version = 2 - turn % 2
                await asyncio.to_thread(
                    client.set_registered_model_alias, NAME, CHAMPION, str(version)
                )
                if await _until(lambda wanted=version: _version(port, wanted)):  # type: ignore[misc]
                    n_seen += 1
                if turn == SWAPS // 2:
                    worker = psutil.Process(process.pid).children()[0]
                    os.kill(worker.pid, signal.SIGKILL)
                    await asyncio.sleep(2.0)
        finally:
            ended.set()
        return n_seen

    asking = load(
        port,
        f"/models/{NAME}/predict",
        lambda _: body,
        connections=connections,
        until=lambda _: ended.is_set(),
    )
    found, n_seen = await asyncio.gather(asking, faults())
    return found, n_seen


async def _until(condition: Callable[[], Awaitable[bool]]) -> bool:
    end = time.monotonic() + 90.0
    while time.monotonic() < end:
        if await condition():
            return True
        await asyncio.sleep(0.1)
    return False


async def _version(port: int, wanted: int) -> bool:
    def read() -> Any:
        with urllib.request.urlopen(f"http://{HOST}:{port}/models/{NAME}", timeout=30) as reply:
            return json.load(reply)

    return bool((await asyncio.to_thread(read))["version"] == wanted)


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

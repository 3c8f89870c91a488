"""What a server must bear: swapped champions, a killed worker, wrong bodies."""

import asyncio
import json
import os
import random
import signal
import subprocess
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from parts.endpoint.load import HOST, Load, load
from parts.endpoint.server import NAME

SWAPS = 10


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

"""Prefect's runner with an orderly shutdown: first the runs, then the runner, then servers."""

import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import psutil
from prefect.runner import Runner

POLL_SECONDS = 5.0
# A run that is told to end needs time to record that in Prefect and MLflow.
GRACE_SECONDS = 15.0


class ServingRunner(Runner):
    """Prefect's runner without its signal handler; `run_until_stopped` handles signals.

    Prefect's own handler of SIGTERM raises ``SystemExit`` inside the event loop and stops none of
    the flow runs.

    It pauses nothing when it stops: Prefect would delete the planned runs then, so that one that is
    due before the next start would be lost. As after a crash, it is late instead, and made up for.

    Its temporary files are in a folder of its own. Prefect's are below one that the first user of a
    machine owns, so that nobody else could serve there.
    """

    async def __aenter__(self) -> Self:
        self._tmp_dir = Path(tempfile.gettempdir()) / f"espalier-serve-{uuid4().hex}"
        await super().__aenter__()
        return self

    def take(self, deployment_id: UUID, name: str) -> None:
        """Execute the runs of a deployment that is published already."""
        # What `aadd_deployment` does after it has published one; Prefect has no other way.
        self._deployment_registry.register_deployment(deployment_id, name)

    def leave(self, deployment_id: UUID) -> None:
        """Execute no more runs of a deployment."""
        self._deployment_registry._deployment_ids.discard(deployment_id)

    def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: `run_until_stopped` adds a handler to the event loop."""


async def run_until_stopped(runner: ServingRunner, at_end: Callable[[], object]) -> None:
    """Execute flow runs until SIGINT or SIGTERM; then end the running ones and return.

    ``at_end`` is called once no run has a process any more.
    """
    serving = asyncio.create_task(runner.start())
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    waiting = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            await asyncio.to_thread(_end_runs)
            await asyncio.to_thread(at_end)
            serving.cancel()
        await asyncio.gather(serving, return_exceptions=not serving.done())
    finally:
        waiting.cancel()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _end_runs() -> None:
    """End every flow run started by this process: terminate, wait, and kill in the end.

    On a terminal Ctrl-C has reached the runs as well, so they first get time to end by themselves:
    a second signal would interrupt them while they record their end.
    """
    runs = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if "prefect.engine" in child.cmdline():
                runs.append(child)
    if sys.stdin is not None and sys.stdin.isatty():
        _wait_for(runs)
    for signal_it in (psutil.Process.terminate, psutil.Process.terminate, psutil.Process.kill):
        for child in filter(_works, runs):
            with suppress(psutil.Error):
                signal_it(child)
        _wait_for(runs)


def _works(child: psutil.Process) -> bool:
    try:
        return bool(child.is_running() and child.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _wait_for(runs: list[psutil.Process]) -> None:
    """Wait up to ``GRACE_SECONDS`` for the processes to end; the runner reaps them."""
    end = time.monotonic() + GRACE_SECONDS
    while any(map(_works, runs)) and time.monotonic() < end:
        time.sleep(0.2)

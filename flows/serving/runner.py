"""Prefect's runner, ended in order: first the runs, then the runner, then the servers."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil
from prefect.runner import Runner

POLL_SECONDS = 5.0
# A run that is told to end records that in Prefect and MLflow.
GRACE_SECONDS = 15.0


class ServingRunner(Runner):
    """A runner that leaves signals to `run_until_stopped`.

    Prefect's own handler of SIGTERM raises ``SystemExit`` inside the event loop and stops nothing
    of what runs.
    """

    def handle_sigterm(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing; the event loop has a handler of its own."""


async def run_until_stopped(runner: ServingRunner, at_end: Callable[[], object]) -> None:
    """Run what is started until SIGINT or SIGTERM; then end the runs and return.

    ``at_end`` is called when no run has a process any more.
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
    """Tell every run of this process to end, and give it time to.

    Ctrl-C in a terminal has reached the runs as well: those that are ending are not told again,
    which would break off what they have to record.
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
    """Wait a while for the processes to end; the runner, whose children they are, collects them."""
    end = time.monotonic() + GRACE_SECONDS
    while any(map(_works, runs)) and time.monotonic() < end:
        time.sleep(0.2)

"""End a process that was started here."""

import subprocess
from typing import Any


def wait_or_kill(process: "subprocess.Popen[Any]", seconds: float) -> None:
    """Wait until a process that was asked to end has ended; after so many seconds, kill it."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

"""What a trial's record calls the worker that ran it, and what went wrong there."""

import os
import socket

_ERROR_LENGTH = 300


def worker_name() -> str:
    """Return host name and process id of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def short_error(problem: BaseException) -> str:
    """Return the type and the first line of an exception's message, of bounded length."""
    text = " ".join((str(problem).strip().splitlines() or [""])[0].split())
    name = type(problem).__name__
    return f"{name}: {text}"[:_ERROR_LENGTH] if text else name

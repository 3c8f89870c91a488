"""One retraining of a model at a time, whoever starts it: schedule, form, command or trigger.

The kernel holds the lock (`flock`) and frees it when the process ends, however it ends: nothing is
left over that somebody would have to recognise as stale. It covers everybody who works in the same
home folder. Runs of one scheduled deployment wait in Prefect's queue besides.
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError

_POLL_SECONDS = 1.0
WAIT_SECONDS = 6 * 3600.0


@contextmanager
def one_at_a_time(
    name: str,
    settings: Settings,
    *,
    work: str = "retraining",
    wait_seconds: float = WAIT_SECONDS,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the model's lock for the block; wait for it where somebody else has it.

    Parameters
    ----------
    name : str
        The registered model.
    settings : Settings
        Whose home folder.
    work : str
        What is locked; different works on one model do not wait for each other.
    wait_seconds : float
        How long to wait at most.
    on_wait : callable or None
        Told once, in words, who is waited for.

    Raises
    ------
    UserError
        Somebody else still had it after ``wait_seconds``.
    """
    folder = settings.home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    with (folder / f"{work}-{digest}.lock").open("a+", encoding="utf-8") as file:
        end = time.monotonic() + wait_seconds
        told = False
        while not _taken(file):
            words = f"the {work} of {name!r} by {_holder(file)}"
            if time.monotonic() >= end:
                raise UserError(f"{words} is still going on; try again when it is done")
            if not told and on_wait is not None:
                on_wait(f"waiting for {words}")
            told = True
            time.sleep(min(_POLL_SECONDS, max(0.01, end - time.monotonic())))
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "model": name}))
        file.flush()
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        return f"process {json.loads(file.read())['pid']}"
    except (ValueError, KeyError, TypeError):
        return "another process"

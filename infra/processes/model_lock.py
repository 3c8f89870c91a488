"""One retraining of a model at a time, whoever starts it: schedule, form, command or trigger.

The system holds the lock and frees it when the process ends, however it ends: nothing is left over
that somebody would have to recognise as stale. It covers everybody who works in the same home
folder. Runs of one scheduled deployment wait in Prefect's queue besides.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

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
    lock = FileLock(folder / f"{work}-{digest}.lock")
    # Beside the lock, which not every version of the library leaves as it was written.
    note = folder / f"{work}-{digest}.json"

    def who() -> str:
        return f"the {work} of {name!r} by {_holder(note)}"

    try:
        lock.acquire(timeout=0)
    except Timeout:
        if on_wait is not None:
            on_wait(f"waiting for {who()}")
        try:
            lock.acquire(timeout=wait_seconds, poll_interval=_POLL_SECONDS)
        except Timeout:
            raise UserError(f"{who()} is still going on; try again when it is done") from None
    try:
        note.write_text(json.dumps({"pid": os.getpid(), "model": name}))
        yield
    finally:
        lock.release()


def _holder(note: Path) -> str:
    try:
        return f"process {json.loads(note.read_text())['pid']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"

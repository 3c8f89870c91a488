"""A lock for retraining a model: one at a time, however it was started.

The operating system releases the lock when the process ends, in whatever way, so there are no stale
locks. It covers all processes of the same home folder. Runs of a scheduled deployment also wait in
Prefect's queue.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from espalier.infra.processes.shared_lock import held_by_one_machine
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
    """Context manager that holds the model's lock, waiting while another process has it.

    Where machines share the records of their runs, they share this lock too.

    Parameters
    ----------
    name : str
        The registered model.
    settings : Settings
        Name the home folder.
    work : str
        Kind of work; different kinds on the same model do not wait for each other.
    wait_seconds : float
        Longest time to wait.
    on_wait : callable or None
        Called once, if it must wait, with a text about the holder of the lock.

    Raises
    ------
    UserError
        Another process still has the lock after ``wait_seconds``.
    """
    folder = settings.home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    lock = FileLock(folder / f"{work}-{digest}.lock")
    # In a separate file, since not every version of the library keeps the content of the lock file.
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

        def tell(other: str) -> None:
            if on_wait is not None:
                on_wait(f"waiting for {_of_other(work, name, other)}")

        with held_by_one_machine(
            settings, f"{work} {name}", patience=wait_seconds, on_wait=tell
        ) as other:
            if other is not None:
                raise UserError(
                    f"{_of_other(work, name, other)} is still going on; try again when it is done"
                )
            yield
    finally:
        lock.release()


def _of_other(work: str, name: str, holder: str) -> str:
    return f"the {work} of {name!r} by {holder}"


def _holder(note: Path) -> str:
    try:
        return f"process {json.loads(note.read_text())['pid']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"

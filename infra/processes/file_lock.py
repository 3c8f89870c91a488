"""A lock file for one process at a time, released by the system when its holder ends."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Context manager that holds the lock file ``path``, waiting for other processes that do.

    On a system without such locks, it does not wait.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        with suppress(NotImplementedError, OSError):
            held.enter_context(FileLock(path))
        yield

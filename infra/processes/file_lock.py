"""One process at a time: a lock that the system frees when its holder ends, however that is."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` during the block; wait for whoever else of this machine does.

    Where the system has no such locks, nobody is waited for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        with suppress(NotImplementedError, OSError):
            held.enter_context(FileLock(path))
        yield

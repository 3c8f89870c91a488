"""Sealed pickles of a run's tables, written atomically."""

import threading
from pathlib import Path
from typing import Any

from espalier.infra.runs.seals import seal_key
from espalier.infra.settings import load_settings
from espalier.infra.store_errors import disk_errors
from espalier.pipelines.serialization.sealed_files import dump_sealed, load_sealed


def write_pickle(value: Any, path: Path) -> None:
    """Write ``value`` to ``path``; a reader never finds half a file, after a power cut either.

    Raises
    ------
    StoreUnavailableError
        The disk is full.
    """
    with disk_errors(path.parent):
        dump_sealed(value, path, seal_key(load_settings().home), to_disk=True)


def read_pickle(path: Path) -> Any:
    """Return the value that `write_pickle` wrote.

    Raises
    ------
    UnsealedError
        The file has no seal of this installation; it was not opened.
    """
    return load_sealed(path, seal_key(load_settings().home))


class SharedPickle:
    """A cache of the last pickle that was read, shared by the tasks of this process.

    Callers must not change the value.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[Path, int, int] | None = None
        self._value: Any = None

    def read(self, path: Path) -> Any:
        """Return the value in ``path``; from memory if the file has not changed.

        Raises
        ------
        UnsealedError
            The file has no seal of this installation; it was not opened.
        """
        with self._lock:  # of two that ask at the same time one opens it
            stat = path.stat()
            known = (path, stat.st_mtime_ns, stat.st_size)
            if known != self._known:
                self._value, self._known = read_pickle(path), known
            return self._value

    def forget(self) -> None:
        """Release the cached value."""
        with self._lock:
            self._value = self._known = None


PREPARED = SharedPickle()
"""Cache of the prepared data of the current training."""

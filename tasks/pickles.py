"""Pickles of this run's own tables, written whole or not at all, and sealed."""

import threading
from pathlib import Path
from typing import Any

from espalier.infra.runs.seals import seal_key
from espalier.infra.settings import load_settings
from espalier.infra.store_errors import disk_errors
from espalier.pipelines.serialization.sealed_files import dump_sealed, load_sealed


def write_pickle(value: Any, path: Path) -> None:
    """Write ``value`` to ``path``; a reader never finds half a file.

    Raises
    ------
    StoreUnavailableError
        The disk is full.
    """
    with disk_errors(path.parent):
        dump_sealed(value, path, seal_key(load_settings().home))


def read_pickle(path: Path) -> Any:
    """Return what `write_pickle` wrote.

    Raises
    ------
    UnsealedError
        Somebody else wrote it; it was not opened.
    """
    return load_sealed(path, seal_key(load_settings().home))


class SharedPickle:
    """The pickle that several steps of this process need: opened once, by the first of them.

    Steps must not change what they get. Only the last one asked for is kept.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[Path, int, int] | None = None
        self._value: Any = None

    def read(self, path: Path) -> Any:
        """Return what the file at ``path`` holds, from memory if it is as it was.

        Raises
        ------
        UnsealedError
            Somebody else wrote it; it was not opened.
        """
        with self._lock:  # of two that ask at the same time one opens it
            stat = path.stat()
            known = (path, stat.st_mtime_ns, stat.st_size)
            if known != self._known:
                self._value, self._known = read_pickle(path), known
            return self._value

    def forget(self) -> None:
        """Let go of what is kept."""
        with self._lock:
            self._value = self._known = None


PREPARED = SharedPickle()
"""The prepared data of the training that this process is at."""

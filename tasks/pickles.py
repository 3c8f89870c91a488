"""Pickles of this run's own tables, written whole or not at all, and sealed."""

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

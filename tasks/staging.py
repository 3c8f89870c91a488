"""Pickles of this run's own tables, written whole or not at all."""

import os
import pickle
from pathlib import Path
from typing import Any


def write_pickle(value: Any, path: Path) -> None:
    """Write ``value`` to ``path``; a reader never finds half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        pickle.dump(value, file, protocol=pickle.HIGHEST_PROTOCOL)
    partial.replace(path)


def read_pickle(path: Path) -> Any:
    """Return what `write_pickle` wrote; only for files of this run's own folder."""
    with path.open("rb") as file:
        return pickle.load(file)

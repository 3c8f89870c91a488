"""Folders of the studio, one for each table or job, with names that give nothing away.

A name is the second of its making and some random digits. Whatever else an address of a page says
is no name of one, so that no request reaches another place of the file system.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

_KEY = re.compile(r"[0-9]{10,12}-[0-9a-f]{8}")

Thing = TypeVar("Thing")


def new_folder(parent: Path) -> Path:
    """Make a folder that only this user may open, and return it."""
    place = parent / f"{int(time.time())}-{secrets.token_hex(4)}"
    place.mkdir(parents=True, mode=0o700)
    return place


def folder_of(parent: Path, key: str) -> Path:
    """Return where the folder of this name is, if there is one.

    Raises
    ------
    KeyError
        It is no name that `new_folder` gives.
    """
    if not _KEY.fullmatch(key):
        raise KeyError(key)
    return parent / key


def each_in(parent: Path, get: Callable[[str], Thing]) -> Iterator[Thing]:
    """Yield what ``get`` returns for each folder, except where it raises KeyError."""
    if parent.is_dir():
        for place in parent.iterdir():
            with suppress(KeyError):
                yield get(place.name)

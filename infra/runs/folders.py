"""Find the folder of a run: named after its content, with a new one for each attempt."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from espalier.infra.processes.owner_lock import RunLock
from espalier.infra.runs.store import RunStore
from espalier.pipelines.serialization.strict_json import to_json

_NAME = re.compile(r"(?P<key>[0-9a-f]{16})(?:-(?P<number>[0-9]+))?")


def run_key(data_fingerprint: str, essentials: Mapping[str, Any]) -> str:
    """Return the key of a run, which names its folder, from its data and options.

    Parameters
    ----------
    data_fingerprint : str
        Fingerprint of the table.
    essentials : mapping
        Options that decide which trials are run and how they are scored; JSON-ready.
    """
    text = to_json([data_fingerprint, sorted(essentials.items())], indent=None)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def run_folder(runs_folder: Path, key: str) -> Path:
    """Return the folder in which the run of this key should work.

    An attempt is continued unless it is finished or in use by another process. If there is none to
    continue, the folder of a new attempt is returned.
    """
    attempts = attempts_of(runs_folder, key)
    for folder in attempts:
        store = RunStore(folder)
        if store.finished is None and RunLock(folder / "lock").owner_alive is None:
            return folder
    number = _number(attempts[-1]) + 1 if attempts else 1
    return runs_folder / (key if number == 1 else f"{key}-{number}")


def attempts_of(runs_folder: Path, key: str) -> list[Path]:
    """Return the folders of a key's attempts in the order of creation; some may not exist."""
    return sorted(
        (each for each in all_run_folders(runs_folder) if key_of(each) == key), key=_number
    )


def all_run_folders(runs_folder: Path) -> list[Path]:
    """Return all run folders, by name."""
    try:
        return sorted(each for each in runs_folder.iterdir() if _NAME.fullmatch(each.name))
    except FileNotFoundError:
        return []


def key_of(folder: Path) -> str:
    """Return the key that a run folder is named after."""
    return folder.name.partition("-")[0]


def _number(folder: Path) -> int:
    return int(folder.name.partition("-")[2] or 1)

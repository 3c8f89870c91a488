"""The records of a run in a folder that machines without a common disk share.

A run works in its folder on its own disk, as ever. A copy of its records (trials, predictions out
of fold, notes, the end) follows in the shared folder within seconds, so that another machine goes
on from there when this one is gone. Tables, prepared data and models are not copied: a continued
run reads its source again and prepares it anew, so no rows leave the machine this way.

Only the owner of the run's shared lock writes. One that has lost it is told so by its local lock,
which then names the new owner: the run stops before it records anything more.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from espalier.infra.processes.shared_lock import SharedLock, shared_lock
from espalier.infra.processes.shared_place import SharedPlace, shared_place
from espalier.infra.runs.folders import key_of
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.pipelines.errors import StoreUnavailableError, UserError
from espalier.pipelines.serialization.to_disk import flush_folder

_LOG = logging.getLogger(__name__)

SYNC_SECONDS = 2.0
# Files that grow: taken before, and copied after, what their lines speak of.
_LOGS = ("trials.jsonl", "starts.jsonl")
_END = "finished.json"
_FOLDERS = ("oof", "notes")
_SINGLE = (*_LOGS, "attempt", _END)
_ABANDONED_SECONDS = 30 * 86_400.0
_TRIES = 3


def fetch_attempts(settings: Settings, model: str, key: str) -> None:
    """Bring the shared records of a key's attempts into the run folders of this machine.

    Raises
    ------
    StoreUnavailableError
        The shared folder does not answer.
    """
    place = shared_place(settings)
    if place is None:
        return
    for name in place.folders(_folder_of(model)):
        if key_of(Path(name)) == key:
            fetch(place, model, settings.runs_folder / name)


def fetch(place: SharedPlace, model: str, folder: Path) -> None:
    """Bring the shared records of one run into its folder; what is there already is kept.

    Of the logs, lines that only this machine has come last.
    """
    remote = f"{_folder_of(model)}/{folder.name}"
    there = [each for each in place.below(remote) if _is_record(each)]
    # What the lines speak of comes first here too.
    for path in sorted(there, key=_order):
        target = folder / path
        if path.startswith("oof/") and target.exists():
            continue
        content = place.read(f"{remote}/{path}")
        if content is None:
            continue
        if path in _LOGS and target.exists():
            known = set(content.splitlines())
            own = [line for line in target.read_bytes().splitlines() if line not in known]
            content = b"".join(line + b"\n" for line in [*content.splitlines(), *own])
        _replace(target, content)


@contextmanager
def shared_run(store: RunStore, model: str, settings: Settings) -> Iterator[None]:
    """Hold the shared lock of a run for the block, and copy its records as they come.

    Without the setting `runs_url` nothing is done. The folder's own lock must be held.

    Raises
    ------
    UserError
        Another machine is at this run.
    StoreUnavailableError
        The shared folder, or the database of the locks, does not answer.
    """
    place, lock = shared_place(settings), shared_lock(settings, f"run {store.folder.name}")
    if place is None or lock is None:
        yield
        return
    holder = lock.acquire()
    if holder is not None:
        raise UserError(
            f"this very training is running already ({holder}); wait for it, or change the seed or "
            "the name"
        )
    copier = _Copier(place, lock, store, model)
    try:
        fetch(place, model, store.folder)  # as its last owner left it
        copier.start()
        yield
    finally:
        copier.stop()
        lock.release()
    _prune(place, model, keep=settings.keep_runs)


def forget_shared(settings: Settings, model: str) -> None:
    """Remove all records of a model's runs from the shared folder."""
    place = shared_place(settings)
    if place is not None:
        place.remove(_folder_of(model))


class _Copier:
    """Copies what is new in a run's folder, in a thread, until it is stopped."""

    def __init__(self, place: SharedPlace, lock: SharedLock, store: RunStore, model: str) -> None:
        self._place = place
        self._lock = lock
        self._store = store
        self._remote = f"{_folder_of(model)}/{store.folder.name}"
        self._copied: dict[str, tuple[int, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="copy-run", daemon=True)
        self._is_silent = False

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Copy what is left and end the thread; a failure is told, and loses nothing here."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        for number in range(_TRIES):
            try:
                self._copy()
                return
            except (StoreUnavailableError, OSError) as error:
                if number == _TRIES - 1:
                    _LOG.warning("the end of the run is not in the shared folder: %s", error)
                time.sleep(number + 1)

    def _run(self) -> None:
        while not self._over.wait(SYNC_SECONDS):
            try:
                self._copy()
                self._is_silent = False
            except (StoreUnavailableError, OSError) as error:
                if not self._is_silent:
                    _LOG.warning("records are not in the shared folder yet: %s", error)
                self._is_silent = True

    def _copy(self) -> None:
        if self._lock.is_lost():
            self._hand_over()
            return
        folder = self._store.folder
        # Read before what their lines speak of is looked for: that is written first.
        logs = {name: (folder / name).read_bytes() for name in _LOGS if (folder / name).exists()}
        paths = [
            path
            for path in (
                *(each for name in _FOLDERS for each in sorted((folder / name).glob("*"))),
                folder / "attempt",
            )
            if path.is_file() and not path.name.startswith(".")
        ]
        for path in paths:
            self._copy_file(path.relative_to(folder).as_posix(), path)
        for name, content in logs.items():
            if self._copied.get(name) != (len(content), 0):
                self._place.write(f"{self._remote}/{name}", content)
                self._copied[name] = (len(content), 0)
        if (folder / _END).exists():
            self._copy_file(_END, folder / _END)

    def _copy_file(self, name: str, path: Path) -> None:
        state = path.stat()
        mark = (state.st_size, state.st_mtime_ns)
        if self._copied.get(name) != mark:
            self._place.write(f"{self._remote}/{name}", path.read_bytes())
            self._copied[name] = mark

    def _hand_over(self) -> None:
        """Make the folder's own lock name the new owner, by which this process stops writing."""
        owner = {"host": "?", "pid": 0, "started": 0.0} | self._lock.owner()
        record = owner | {"token": uuid4().hex}
        _replace(self._store.folder / "lock", json.dumps(record).encode())
        self._over.set()


def _prune(place: SharedPlace, model: str, *, keep: int) -> None:
    """Remove the shared records of all but the newest finished runs, and of abandoned ones."""
    if not keep:
        return
    try:
        runs = []
        for name in place.folders(_folder_of(model)):
            found = place.below(f"{_folder_of(model)}/{name}")
            touched = max((_time_of(each) for each in found.values()), default=0.0)
            runs.append((touched, name, _END in found))
        finished = sorted((each for each in runs if each[2]), reverse=True)
        old = time.time() - _ABANDONED_SECONDS
        gone = finished[keep:] + [each for each in runs if not each[2] and 0 < each[0] < old]
        for _, name, _ in gone:
            place.remove(f"{_folder_of(model)}/{name}")
    except (StoreUnavailableError, OSError):  # the training is done and does not depend on it
        _LOG.warning("old runs stay in the shared folder", exc_info=True)


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole, in place of an earlier one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.fetched")
    partial.write_bytes(content)
    partial.replace(path)
    flush_folder(path.parent)


def _time_of(entry: dict[str, object]) -> float:
    """Return when an object was written, in seconds since 1970; 0 if that is not known."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        found = entry.get(name)
        if hasattr(found, "timestamp"):
            return float(found.timestamp())
        if isinstance(found, int | float):
            return float(found)
    return 0.0


def _folder_of(model: str) -> str:
    return f"model={quote(model, safe='')}"


def _is_record(path: str) -> bool:
    return path in _SINGLE or (path.count("/") == 1 and path.split("/")[0] in _FOLDERS)


def _order(path: str) -> tuple[bool, bool, str]:
    return path == _END, path in _LOGS, path

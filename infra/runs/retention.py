"""Choose the run folders that are no longer needed, and remove them.

A run folder holds the table and every trial's out-of-fold predictions. Once its run is finished it
serves two purposes: `espalier train --extend` continues the search from it, and `espalier verify`
reads the table from it. So the newest ones are kept and the others removed.
"""

import logging
import os
import shutil
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from espalier.infra.runs.folders import all_run_folders
from espalier.infra.runs.notes import MLFLOW_RUN, REQUEST
from espalier.infra.runs.store import RunStore
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.model_names import default_name

_LOG = logging.getLogger(__name__)

_TRASH = ".removed-"
# An interrupted run is given up if it is not continued for this long.
ABANDONED_DAYS = 30.0
_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """The facts about a run folder that decide whether it is kept.

    Attributes
    ----------
    folder : Path
        Path of the folder.
    model : str
        Name of the model; empty if the run was killed before noting it.
    is_finished : bool
        Whether the run is finished.
    is_live : bool
        Whether a process is working in it.
    touched : float
        Time when it finished, or of its last activity, in seconds since 1970.
    run_id : str or None
        Its MLflow run.
    n_bytes : int
        Bytes that removing it frees, filled in by `removable`; files that it shares with the run
        that extends it count in both.
    """

    folder: Path
    model: str
    is_finished: bool
    is_live: bool
    touched: float
    run_id: str | None
    n_bytes: int = 0


def survey(runs_folder: Path) -> tuple[RunRecord, ...]:
    """Return a record of every run folder, oldest first."""
    records = [_record(folder) for folder in all_run_folders(runs_folder)]
    return tuple(sorted(records, key=lambda each: (each.touched, each.folder.name)))


def removable(
    records: Sequence[RunRecord],
    *,
    keep: int,
    protected: Collection[Path] = (),
    now: float | None = None,
) -> tuple[RunRecord, ...]:
    """Return the records of the folders that may be removed, oldest first.

    Finished runs may be removed, except the newest ``keep`` of each model. An interrupted run is
    kept for `ABANDONED_DAYS`, so that it can be continued.

    Parameters
    ----------
    records : sequence of RunRecord
        Records from `survey`.
    keep : int
        Number of finished runs to keep of each model, at least 1.
    protected : collection of Path
        Folders to keep whatever their age: those of versions with an alias.
    now : float or None
        Current time in seconds since 1970; None for the clock's.

    Raises
    ------
    UserError
        ``keep`` is less than 1.
    """
    if keep < 1:
        raise UserError(f"at least one finished run of each model is kept, not {keep}")
    now = time.time() if now is None else now
    left: dict[str, int] = {}
    gone = []
    for record in sorted(records, key=lambda each: -each.touched):
        if record.is_live:
            continue
        if not record.is_finished:
            if now - record.touched > ABANDONED_DAYS * _DAY_SECONDS:
                gone.append(record)
            continue
        left[record.model] = left.get(record.model, 0) + 1
        if left[record.model] > keep and record.folder not in protected:
            gone.append(record)
    return tuple(replace(record, n_bytes=_size(record.folder)) for record in reversed(gone))


def remove(records: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    """Remove these folders and return the records of those that were removed.

    A folder in which a process has started to work in the meantime is kept.
    """
    removed = []
    for record in records:
        lock = RunStore(record.folder).lock()
        try:
            lock.acquire()
        except UserError:
            _LOG.info("%s is in use; it stays", record.folder)
            continue
        # Renamed first, so that a partly removed folder is not mistaken for a run.
        trash = record.folder.with_name(f"{_TRASH}{record.folder.name}-{os.getpid()}")
        record.folder.rename(trash)
        lock.release()
        shutil.rmtree(trash, ignore_errors=True)
        removed.append(record)
    return tuple(removed)


def sweep(runs_folder: Path) -> None:
    """Remove the remains of a removal that was killed."""
    for trash in runs_folder.glob(f"{_TRASH}*"):
        shutil.rmtree(trash, ignore_errors=True)


def _record(folder: Path) -> RunRecord:
    store = RunStore(folder)
    finished = store.finished
    model = str((finished or {}).get("model") or _asked_name(store))
    marks = [folder / "finished.json"] if finished is not None else [store.log_path, folder]
    return RunRecord(
        folder=folder,
        model=model,
        is_finished=finished is not None,
        # Told without waiting: to whom it belongs is made sure of before anything is removed.
        is_live=finished is None and store.lock().seems_held,
        touched=max((each.stat().st_mtime for each in marks if each.exists()), default=0.0),
        run_id=store.noted(MLFLOW_RUN),
    )


def _size(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def _asked_name(store: RunStore) -> str:
    asked = store.noted(REQUEST) or {}
    return str(asked.get("name") or (default_name(asked["data"]) if asked.get("data") else ""))

"""The state of a run on disk, from which an interrupted run continues.

A run folder is named after its content (`espalier.infra.runs.folders`). Its trial log is
append-only and flushed to the disk line by line. A trial's out-of-fold predictions are written
before its line, so that a trial with a line need not be run again. This folder is authoritative;
MLflow and Prefect hold copies for display.

=====================  =====================================================================
``trials.jsonl``       one `TrialResult` per line
``starts.jsonl``       one line per started trial (`espalier.infra.runs.start_log`)
``oof/<number>.npy``   out-of-fold predictions of a trial (`espalier.infra.runs.predictions_file`)
``notes/<name>.json``  small records of other steps, such as the MLflow run's id
``attempt``            identifies this run wherever it is recorded
``finished.json``      exists once the run is done
``fold_models``        models of the best trials, until the run is done
``lock``               names the process that is working here
=====================  =====================================================================
"""

import json
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast
from uuid import uuid4

from espalier.infra.processes.owner_lock import RunLock
from espalier.infra.runs.predictions_file import open_predictions, write_predictions
from espalier.infra.store_errors import disk_errors
from espalier.pipelines.serialization.strict_json import to_json
from espalier.pipelines.serialization.to_disk import keep_on_disk, replacing
from espalier.pipelines.trials.row_predictions import Predictions
from espalier.pipelines.trials.trial import TrialOutcome, TrialResult

FOLD_MODELS = "fold_models"

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunStore:
    """The folder of one run; it is created when something is first written.

    Whatever is written raises `LockLostError` if this process has held the folder's lock and
    another one has taken it over since: it stops before it writes among the other one's records.

    Attributes
    ----------
    folder : Path
        Path from `espalier.infra.runs.folders.run_folder`.
    """

    folder: Path

    def lock(self) -> RunLock:
        """Return the lock to hold (``with store.lock():``) while working on the run.

        Entering it raises `UserError` when another live process holds it.
        """
        return RunLock(self.folder / "lock")

    def check_lock(self) -> None:
        """Raise `LockLostError` if another process has taken over the run from this one."""
        self.lock().check()

    @property
    def attempt(self) -> str:
        """A unique name of this run, created at its first use, by which it is found elsewhere.

        The name of the folder is not enough: it is used again after the folder was deleted.
        """
        path = self.folder / "attempt"
        try:
            return path.read_text()
        except FileNotFoundError:
            name = uuid4().hex
            self._write(path, lambda file: file.write(name.encode()))
            return name

    # --- trials ---------------------------------------------------------------------------

    @property
    def log_path(self) -> Path:
        """Path of the trial log."""
        return self.folder / "trials.jsonl"

    def append(self, outcome: TrialOutcome) -> None:
        """Record a trial: first its predictions, then its line, both flushed to disk.

        Raises
        ------
        StoreUnavailableError
            The disk is full. Earlier records are intact, and trying again may succeed.
        """
        number = outcome.result.trial.number
        predictions = outcome.predictions
        if predictions is not None:
            self._write(
                self.predictions_path(number), lambda file: write_predictions(file, predictions)
            )
        self.check_lock()
        with disk_errors(self.folder):
            _append(self.log_path, _line(outcome.result), to_disk=True)

    def write_log(self, results: Sequence[TrialResult]) -> None:
        """Replace the trial log by these trials, whose predictions must exist."""
        self._write(
            self.log_path, lambda file: file.write(b"".join(_line(each) for each in results))
        )

    def results(self) -> tuple[TrialResult, ...]:
        """Return the recorded results by trial number.

        Incomplete lines are skipped, and so are successes whose predictions are missing: those
        trials count as not run. Of several records of a number the last counts, since the stored
        predictions are its own.
        """
        found: dict[int, TrialResult] = {}
        for position, line in enumerate(_lines(self.log_path), 1):
            try:
                result = TrialResult.from_dict(json.loads(line))
            except (ValueError, KeyError, TypeError):
                _LOG.warning("line %d of %s is damaged; passed over", position, self.log_path)
                continue
            number = result.trial.number
            if result.succeeded and not self.predictions_path(number).exists():
                _LOG.warning("predictions of trial %d are gone; it will be run again", number)
                continue
            found[number] = result
        return tuple(found[number] for number in sorted(found))

    def predictions(self, number: int) -> Predictions:
        """Return the out-of-fold predictions of a trial, memory-mapped from disk.

        As in `TrialOutcome`; read-only.

        Raises
        ------
        FileNotFoundError
            The trial has none.
        """
        return open_predictions(self.predictions_path(number))

    @property
    def predicted(self) -> frozenset[int]:
        """Numbers of the trials that have out-of-fold predictions."""
        return frozenset(int(path.stem) for path in self.folder.glob("oof/*.npy"))

    def predictions_path(self, number: int) -> Path:
        """Return the path of a trial's out-of-fold predictions; they may not exist."""
        return self.folder / "oof" / f"{number}.npy"

    # --- starts ---------------------------------------------------------------------------

    def append_start(self, record: Mapping[str, Any]) -> None:
        """Append a JSON-ready record to the start log, so that it survives this process.

        Raises
        ------
        StoreUnavailableError
            The disk is full.
        """
        self.check_lock()
        with disk_errors(self.folder):
            line = to_json(record, indent=None).encode() + b"\n"
            _append(self._starts_path, line, to_disk=False)

    def starts(self) -> tuple[dict[str, Any], ...]:
        """Return the records of the start log; incomplete lines are skipped."""
        found = []
        for line in _lines(self._starts_path):
            with suppress(ValueError):
                found.append(json.loads(line))
        return tuple(found)

    @property
    def _starts_path(self) -> Path:
        return self.folder / "starts.jsonl"

    # --- other records --------------------------------------------------------------------

    def note(self, name: str, record: Any) -> None:
        """Store a small JSON-ready record under ``name``; it replaces an earlier one."""
        self._write_json(self.folder / "notes" / f"{name}.json", record)

    def noted(self, name: str) -> Any:
        """Return the record that `note` stored under ``name``; None if there is none."""
        return _read_json(self.folder / "notes" / f"{name}.json")

    def mark_finished(self, record: Mapping[str, Any]) -> None:
        """Mark the run as done; the same key then starts a new attempt.

        Stored fold models are removed: the registered model has those that it needs.
        """
        self._write_json(self.folder / "finished.json", record)
        shutil.rmtree(self.folder / FOLD_MODELS, ignore_errors=True)

    @property
    def finished(self) -> dict[str, Any] | None:
        """The record of `mark_finished`; None while the run is not done."""
        return cast("dict[str, Any] | None", _read_json(self.folder / "finished.json"))

    def _write_json(self, path: Path, record: Any) -> None:
        text = to_json(record).encode()
        self._write(path, lambda file: file.write(text))

    def _write(self, path: Path, write: Callable[[IO[bytes]], object]) -> None:
        self.check_lock()
        with (
            disk_errors(self.folder),
            replacing(path, to_disk=True) as partial,
            partial.open("wb") as file,
        ):
            write(file)


def _line(result: TrialResult) -> bytes:
    return to_json(result.to_dict(), indent=None).encode() + b"\n"


def _append(path: Path, line: bytes, *, to_disk: bool) -> None:
    """Append a line to a log; with ``to_disk`` it survives a crash of the machine too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("ab+") as log:
        # A kill in the middle of a line leaves it incomplete; it must not be joined with this one.
        if log.seek(0, os.SEEK_END) > 0:
            log.seek(-1, os.SEEK_END)
            if log.read(1) != b"\n":
                line = b"\n" + line
        log.write(line)
        log.flush()
        if to_disk:
            os.fsync(log.fileno())
            if is_new:
                keep_on_disk(path)


def _lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().split(b"\n") if line.strip()]
    except FileNotFoundError:
        return []


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None

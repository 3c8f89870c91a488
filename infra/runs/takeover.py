"""Take over the trials of a finished run into the run that extends it."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from espalier.infra.runs.notes import FOLDS, PIXELS
from espalier.infra.runs.store import RunStore
from espalier.infra.store_errors import disk_errors
from espalier.pipelines.errors import UserError
from espalier.pipelines.trials.trial import TrialResult

_NOTE = "taken_over"
ROWS = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """What a run took over from the run that it extends.

    Attributes
    ----------
    folder : str
        Name of that run's folder.
    run_id : str or None
        MLflow run of that run.
    numbers : tuple of int
        Numbers of its trials, which are logged in MLflow below that run.
    """

    folder: str
    run_id: str | None
    numbers: tuple[int, ...]


def read_takeover(store: RunStore) -> Takeover | None:
    """Return what the run took over; None if it does not extend another run."""
    noted = store.noted(_NOTE)
    if noted is None:
        return None
    return Takeover(folder=noted["folder"], run_id=noted["run_id"], numbers=tuple(noted["numbers"]))


def take_over_trials(
    source: RunStore, target: RunStore, results: Sequence[TrialResult], *, run_id: str | None
) -> None:
    """Copy trials of ``source`` and their predictions to ``target``, once.

    The note is written last, so that an interrupted copy is repeated.

    Parameters
    ----------
    source, target : RunStore
        The run that is extended, and the new one.
    results : sequence of TrialResult
        The trials to copy.
    run_id : str or None
        The MLflow run of ``source``.

    Raises
    ------
    StoreUnavailableError
        The disk is full.
    FileNotFoundError
        Predictions of a trial are missing.
    """
    if target.noted(_NOTE) is not None:
        return
    with disk_errors(target.folder):
        for result in results:
            if result.succeeded:
                number = result.trial.number
                link_or_copy(source.predictions_path(number), target.predictions_path(number))
        target.write_log(results)
    if (rows := source.noted(ROWS)) is not None:
        target.note(ROWS, rows)
    target.note(FOLDS, source.noted(FOLDS) or 0)
    target.note(PIXELS, source.noted(PIXELS) or 0)
    numbers = tuple(result.trial.number for result in results)
    target.note(_NOTE, asdict(Takeover(folder=source.folder.name, run_id=run_id, numbers=numbers)))


def link_or_copy(source: Path, target: Path) -> None:
    """Link ``target`` to the content of ``source``, or copy it if links are not possible.

    Only for files that are never changed in place, only replaced.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or a file system without links
        shutil.copyfile(source, target)


def require_same_rows(store: RunStore, digest: str) -> None:
    """Note the rows and folds that trials of a run are scored on, and check that they are the same.

    Raises
    ------
    UserError
        The recorded trials were scored on other rows or folds: the preparation code has changed.
    """
    noted = store.noted(ROWS)
    if noted is None:
        store.note(ROWS, digest)
    elif noted != digest:
        raise UserError(
            f"the trials in {str(store.folder)!r} were scored on other rows or folds, by another "
            "version of Espalier; start a new training, with another --seed or --name"
        )

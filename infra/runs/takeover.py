"""The trials of a finished run, taken over by the run that extends it."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from espalier.infra.runs.notes import FOLDS
from espalier.infra.runs.store import RunStore
from espalier.infra.store_errors import disk_errors
from espalier.pipelines.errors import UserError
from espalier.pipelines.trials.trial import TrialResult

_NOTE = "taken_over"
ROWS = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """What a run has from the one it extends.

    Attributes
    ----------
    folder : str
        Name of that run's folder.
    run_id : str or None
        Its MLflow run.
    numbers : tuple of int
        The trials; they are on record in MLflow below that run.
    """

    folder: str
    run_id: str | None
    numbers: tuple[int, ...]


def read_takeover(store: RunStore) -> Takeover | None:
    """Return what the run took over; None when it extends no other."""
    noted = store.noted(_NOTE)
    if noted is None:
        return None
    return Takeover(folder=noted["folder"], run_id=noted["run_id"], numbers=tuple(noted["numbers"]))


def take_over_trials(
    source: RunStore, target: RunStore, results: Sequence[TrialResult], *, run_id: str | None
) -> None:
    """Put trials of ``source`` on record in ``target``, once; their predictions come along.

    The note comes last, so that a copy that was interrupted is made again.

    Parameters
    ----------
    source, target : RunStore
        The run that is extended, and the new one.
    results : sequence of TrialResult
        Which trials.
    run_id : str or None
        The MLflow run of ``source``.

    Raises
    ------
    StoreUnavailableError
        The disk is full.
    FileNotFoundError
        Predictions of a trial are gone.
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
    numbers = tuple(result.trial.number for result in results)
    target.note(_NOTE, asdict(Takeover(folder=source.folder.name, run_id=run_id, numbers=numbers)))


def link_or_copy(source: Path, target: Path) -> None:
    """Have the content of ``source`` under ``target`` too, without copying where that can be.

    Only for files that are replaced, never written to.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, target)


def require_same_rows(store: RunStore, digest: str) -> None:
    """Note which rows and folds the trials of a run are scored on, and that they stay the same.

    Raises
    ------
    UserError
        The trials on record were scored on others: code that prepares tables has changed.
    """
    noted = store.noted(ROWS)
    if noted is None:
        store.note(ROWS, digest)
    elif noted != digest:
        raise UserError(
            f"the trials in {str(store.folder)!r} were scored on other rows or folds, by another "
            "version of Espalier; start a new training, with another --seed or --name"
        )

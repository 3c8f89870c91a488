"""What a training takes over from earlier ones: their winners, and which rows were held out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from espalier.infra.registry.registry import resolve
from espalier.infra.settings import Settings
from espalier.infra.tracking.artifacts import LEADERBOARD_FILE, read_json_file
from espalier.infra.tracking.training_rows import TrainingRows, read_training_rows
from espalier.pipelines.lifecycle.retraining.warm_start import winners
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.policies import cached_in_run_folder, retried_task
from espalier.tasks.records import NOTHING_INHERITED, InheritedTraining


def inherit(request: TrainRequest, settings: Settings, folder: Path) -> InheritedTraining:
    """Return what a training takes over; a training from nothing asks nobody."""
    if not request.start_from:
        return NOTHING_INHERITED
    return cached_in_run_folder(read_inheritance, folder)(request.start_from, settings, folder)


@retried_task(
    name="inherit",
    description="Read the winners and the row keys of earlier trainings from MLflow.",
    tags=["espalier", "registry"],
)
def read_inheritance(
    versions: Sequence[str], settings: Settings, folder: Path
) -> InheritedTraining:
    """Return what the versions leave to a training in the run folder ``folder``.

    Parameters
    ----------
    versions : sequence of str
        ``NAME/VERSION``, at least one; the hold-out is that of the first.
    settings : Settings
        Which stores.
    folder : Path
        Where the row keys are put.

    Raises
    ------
    UserError
        There is no such version.
    """
    found = [resolve(version, settings) for version in versions]
    # What was trained last knows the newest data, so its winners come first.
    boards = [
        read_json_file(settings, each.run_id, LEADERBOARD_FILE) or []
        for each in reversed(found)
        if each.run_id is not None
    ]
    first = found[0]
    kept = None if first.run_id is None else read_training_rows(settings, first.run_id)
    return InheritedTraining(
        winners=winners(boards),
        version=f"{first.name}/{first.version}",
        fingerprint=first.tags.get("fingerprint", ""),
        rows_path=None if kept is None else _write(kept, Path(folder) / "inherited_rows.npz"),
    )


def _write(kept: TrainingRows, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        columns=np.array(kept.columns, dtype=np.str_),
        trained=kept.trained,
        held_out=kept.held_out,
    )
    return path

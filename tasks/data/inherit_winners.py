"""Read the best configurations and the hold-out of earlier versions, for a warm start."""

from pathlib import Path

import numpy as np

from espalier.infra.registry.registry import resolve
from espalier.infra.tracking.artifacts import LEADERBOARD_FILE, read_json_file
from espalier.infra.tracking.training_rows import TrainingRows, read_training_rows
from espalier.pipelines.lifecycle.retraining.warm_start import members, winners
from espalier.pipelines.serialization.to_disk import keep_on_disk
from espalier.tasks.policies import kept_task
from espalier.tasks.records import InheritedTraining, TrainingRun


@kept_task(
    name="inherit",
    description="Read the winners and the row keys of earlier trainings from MLflow.",
    tags=["espalier", "registry"],
)
def read_inheritance(run: TrainingRun) -> InheritedTraining:
    """Return best configurations and hold-out of the versions that the request starts from.

    The hold-out is that of the first version; its row keys are written to the run folder. An update
    takes over the members of the newest version alone.

    Raises
    ------
    UserError
        There is no such version.
    """
    settings = run.tracking.settings
    found = [resolve(version, settings) for version in run.request.start_from]
    # What was trained last knows the newest data, so its winners come first.
    boards = [
        read_json_file(settings, each.run_id, LEADERBOARD_FILE) or []
        for each in reversed(found)
        if each.run_id is not None
    ]
    first = found[0]
    kept = None if first.run_id is None else read_training_rows(settings, first.run_id)
    return InheritedTraining(
        winners=members(boards[0]) if boards and run.request.updates else winners(boards),
        version=f"{first.name}/{first.version}",
        fingerprint=first.tags.get("fingerprint", ""),
        rows_path=None if kept is None else _write(kept, run.folder / "inherited_rows.npz"),
    )


def _write(kept: TrainingRows, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path,
        columns=np.array(kept.columns, dtype=np.str_),
        trained=kept.trained,
        held_out=kept.held_out,
    )
    keep_on_disk(path)
    return path

"""Remove run folders that are no longer needed, on request and after each training run."""

import logging
from collections.abc import Sequence
from pathlib import Path

from espalier.infra.operations.dead_runs import end_dead_mlflow_runs
from espalier.infra.registry.registry import versions_of_runs
from espalier.infra.runs.retention import RunRecord, removable, remove, survey, sweep
from espalier.infra.settings import DEFAULT_KEPT_RUNS, Settings
from espalier.infra.tracking.tracking import Tracking

_LOG = logging.getLogger(__name__)


def clean_run_folders(
    settings: Settings, *, keep: int | None, dry_run: bool
) -> tuple[RunRecord, ...]:
    """Remove run folders that are no longer needed, and return their records.

    Parameters
    ----------
    settings : Settings
        Name the home folder.
    keep : int or None
        Number of finished runs to keep of each model; None for the setting.
    dry_run : bool
        Whether to only return the records, without removing anything.

    Raises
    ------
    UserError
        ``keep`` is less than 1.
    StoreUnavailableError
        The registry, which tells the versions whose folders must be kept, does not answer.
    """
    wanted = (settings.keep_runs or DEFAULT_KEPT_RUNS) if keep is None else keep
    found = _superfluous(settings, keep=wanted)
    if dry_run:
        return found
    sweep(settings.runs_folder)
    removed = remove(found)
    _end_given_up(removed, settings)
    end_dead_mlflow_runs(settings)
    return removed


def _end_given_up(removed: Sequence[RunRecord], settings: Settings) -> None:
    """End the MLflow runs that can no longer be continued, because their folder was removed."""
    tracking = Tracking(settings)
    for record in removed:
        if not record.is_finished and record.run_id is not None:
            try:
                tracking.fail_run(record.run_id, "interrupted, and never continued", killed=True)
            except Exception:  # it was deleted, or is in another store
                _LOG.info("the MLflow run %s is not known", record.run_id, exc_info=True)


def tidy_up(settings: Settings) -> None:
    """Remove run folders beyond the setting ``keep_runs``; errors are only logged."""
    if not settings.keep_runs:
        return
    try:
        for record in clean_run_folders(settings, keep=settings.keep_runs, dry_run=False):
            _LOG.info("removed the folder of an old run of %s: %s", record.model, record.folder)
    except Exception:  # the training run is done and does not depend on this
        _LOG.warning("old run folders could not be removed", exc_info=True)


def _superfluous(settings: Settings, *, keep: int) -> tuple[RunRecord, ...]:
    records = survey(settings.runs_folder)
    candidates = removable(records, keep=keep)
    if not candidates:
        return ()
    return removable(records, keep=keep, protected=_behind_aliases(candidates, settings))


def _behind_aliases(records: Sequence[RunRecord], settings: Settings) -> set[Path]:
    """Return the folders of these runs that made a version with an alias, such as a champion.

    The registry is asked for these runs alone, not for every version that it holds.
    """
    folders = {each.run_id: each.folder for each in records if each.run_id is not None}
    made = versions_of_runs(sorted(folders), settings) if folders else ()
    return {folders[each.run_id] for each in made if each.aliases and each.run_id is not None}

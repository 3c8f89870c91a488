"""Remove what is no longer needed, on request and after each training: folders, versions, logs."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from espalier.infra.log_rotation import old_logs, rotate
from espalier.infra.operations.dead_runs import end_dead_mlflow_runs
from espalier.infra.operations.registry_removal import remove_superfluous
from espalier.infra.operations.registry_retention import KeepRules, Superfluous, find_superfluous
from espalier.infra.registry.registry import versions_of_runs
from espalier.infra.runs.retention import RunRecord, removable, remove, survey, sweep
from espalier.infra.settings import DEFAULT_KEPT_RUNS, Settings
from espalier.infra.tracking.tracking import Tracking

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    """What was removed, or would be.

    Attributes
    ----------
    folders : tuple of RunRecord
        Run folders.
    mlflow : Superfluous
        Versions and runs in MLflow.
    logs : tuple of Path
        Logs of commands.
    """

    folders: tuple[RunRecord, ...] = ()
    mlflow: Superfluous = field(default_factory=Superfluous)
    logs: tuple[Path, ...] = ()


def clean_all(
    settings: Settings, *, keep: int | None, rules: KeepRules, log_days: float, dry_run: bool
) -> Cleaning:
    """Remove run folders, versions, runs and logs that are no longer needed.

    Parameters
    ----------
    settings : Settings
        Name the home folder and the stores.
    keep : int or None
        Number of finished runs of each model whose folders are kept; None for the setting.
    rules : KeepRules
        What is kept in MLflow.
    log_days : float
        Days that logs are kept; 0 keeps all.
    dry_run : bool
        Whether to only find them.

    Raises
    ------
    UserError
        ``keep`` is less than 1.
    StoreUnavailableError
        A store does not answer.
    """
    folders = clean_run_folders(settings, keep=keep, dry_run=dry_run)
    found = find_superfluous(settings, rules)
    logs = clean_logs(settings, days=log_days, dry_run=dry_run)
    mlflow = found if dry_run else remove_superfluous(found, settings)
    return Cleaning(folders=folders, mlflow=mlflow, logs=logs)


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


def clean_logs(settings: Settings, *, days: float, dry_run: bool) -> tuple[Path, ...]:
    """Remove old logs of commands, and cut those of servers; return the paths of the former."""
    gone = old_logs(settings.logs_folder, days=days) if days else ()
    if not dry_run:
        for path in gone:
            path.unlink(missing_ok=True)
        for folder in (settings.prefect_folder, settings.servers_folder, settings.home):
            for path in folder.glob("*.log"):
                rotate(path)
    return gone


def tidy_up(settings: Settings, model: str) -> None:
    """Remove what the settings do not keep, of one model, after a training of it.

    Errors are only logged.
    """
    try:
        clean_logs(settings, days=settings.keep_logs, dry_run=False)
        if settings.keep_runs:
            for record in clean_run_folders(settings, keep=settings.keep_runs, dry_run=False):
                _LOG.info("removed the folder of an old run of %s: %s", record.model, record.folder)
        found = find_superfluous(settings, KeepRules.of(settings), model=model)
        if found.versions or found.runs:
            removed = remove_superfluous(found, settings)
            _LOG.info("removed %d old versions of %s", len(removed.versions), model)
    except Exception:  # the training run is done and does not depend on this
        _LOG.warning("what is old could not be removed", exc_info=True)


def _end_given_up(removed: Sequence[RunRecord], settings: Settings) -> None:
    """End the MLflow runs that can no longer be continued, because their folder was removed."""
    tracking = Tracking(settings)
    for record in removed:
        if not record.is_finished and record.run_id is not None:
            try:
                tracking.fail_run(record.run_id, "interrupted, and never continued", killed=True)
            except Exception:  # it was deleted, or is in another store
                _LOG.info("the MLflow run %s is not known", record.run_id, exc_info=True)


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

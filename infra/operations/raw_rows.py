"""Where raw rows of training tables stay, and for how long.

A training leaves rows in its run folder (the table) and in MLflow (hold-out, sample for drift), an
endpoint in its request log.
They stay as long as their version has an alias, and otherwise as many days as the setting
``keep_rows_days`` says. `forget_model` removes them at once, whatever their version is.
"""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from espalier.infra.operations.artifact_removal import forget_quotations, remove_rows
from espalier.infra.places import request_log_folder
from espalier.infra.registry.model_runs import run_behind
from espalier.infra.registry.registry import list_models
from espalier.infra.runs.mirror import forget_shared
from espalier.infra.runs.retention import RunRecord, remove, survey
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.search import find_runs
from espalier.infra.tracking.store import find_experiments, make_client
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    from mlflow.entities import Run

_LOG = logging.getLogger(__name__)

_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedRows:
    """What was removed, or would be.

    Attributes
    ----------
    runs : tuple of str
        MLflow runs whose rows are gone.
    folders : tuple of RunRecord
        Run folders.
    busy : tuple of str
        Names of runs and folders in which work is going on; they stay.
    requests : tuple of Path
        Files of the request log.
    """

    runs: tuple[str, ...] = ()
    folders: tuple[RunRecord, ...] = ()
    busy: tuple[str, ...] = ()
    requests: tuple[Path, ...] = ()


def forget_model(name: str, settings: Settings, *, dry_run: bool = False) -> RemovedRows:
    """Remove the rows of all trainings of a model, and what quotes cells of its tables.

    Parameters
    ----------
    name : str
        The registered model. It need not be there any more: its runs may be.
    settings : Settings
        Name the stores.
    dry_run : bool
        Whether to only return what would be removed.

    Raises
    ------
    UserError
        No run, no folder and no logged request is of such a model.
    StoreUnavailableError
        MLflow does not answer.
    """
    runs = _runs_of(name, settings)
    folders = [each for each in survey(settings.runs_folder) if each.model == name]
    requests = tuple(sorted(request_log_folder(settings.home, name).glob("*.jsonl")))
    if not runs and not folders and not requests:
        raise UserError(f"no training of a model {name!r} is on record here; check its name")
    live = [run for run in runs if run.info.status == "RUNNING"]
    idle = [run.info.run_id for run in runs if run.info.status != "RUNNING"]
    going = [each for each in folders if not each.is_live]
    busy = [str(run.info.run_name) for run in live]
    busy += [each.folder.name for each in folders if each.is_live]
    if not dry_run:
        for run_id in idle:
            remove_rows(settings, run_id)
            forget_quotations(settings, run_id)
        going = list(remove(going))
        for path in requests:
            path.unlink(missing_ok=True)
        if not busy:
            forget_shared(settings, name)
    return RemovedRows(runs=tuple(idle), folders=tuple(going), busy=tuple(busy), requests=requests)


def expire_rows(settings: Settings, *, now: float | None = None) -> RemovedRows:
    """Remove the rows of versions that have no alias and are older than the setting says.

    Parameters
    ----------
    settings : Settings
        Name the stores, and the number of days.
    now : float or None
        Current time in seconds since 1970; None for the clock's.
    """
    if not settings.keep_rows_days:
        return RemovedRows()
    now = time.time() if now is None else now
    before = now - settings.keep_rows_days * _DAY_SECONDS
    client = make_client(settings)
    with store_errors(settings.mlflow_uri):
        old = list(
            find_runs(
                client,
                find_experiments(client, settings),
                f"attributes.start_time < {round(1000 * before)} and attributes.status != 'RUNNING'"
                f" and tags.`{run_tags.ROWS}` = '{run_tags.ROWS_KEPT}'",
            )
        )
    folders = [
        each
        for each in survey(settings.runs_folder)
        if each.is_finished and each.touched < before and not each.is_live
    ]
    if not old and not folders:
        return RemovedRows()
    needed, needed_folders = _behind_aliases(settings)
    gone = [run.info.run_id for run in old if run.info.run_id not in needed]
    for run_id in gone:
        remove_rows(settings, run_id)
    removed = remove([each for each in folders if each.folder not in needed_folders])
    return RemovedRows(runs=tuple(gone), folders=removed)


def expire_rows_quietly(settings: Settings) -> None:
    """Do what `expire_rows` does at the end of a training, which does not depend on it."""
    try:
        gone = expire_rows(settings)
    except Exception:
        _LOG.warning("old rows could not be removed", exc_info=True)
        return
    if gone.runs or gone.folders:
        _LOG.info(
            "rows older than %d days are removed from %d runs and %d folders",
            settings.keep_rows_days,
            len(gone.runs),
            len(gone.folders),
        )


def _runs_of(name: str, settings: Settings) -> "list[Run]":
    if "'" in name:
        raise UserError(f"no model is called {name!r}; `espalier models` lists those there are")
    client = make_client(settings)
    with store_errors(settings.mlflow_uri):
        experiments = [each.experiment_id for each in client.search_experiments()]
        return list(find_runs(client, experiments, f"tags.`{run_tags.MODEL}` = '{name}'"))


def _behind_aliases(settings: Settings) -> tuple[set[str], set[object]]:
    """Return the runs and the run folders of all versions with an alias."""
    runs, folders = set[str](), set[object]()
    for version in list_models(settings):
        if not version.aliases or version.run_id is None:
            continue
        runs.add(version.run_id)
        try:
            folders.add(run_behind(version, settings).folder)
        except UserError:  # its run was deleted
            continue
    return runs, folders

"""Remove versions and runs that `registry_retention` chose."""

import logging
from typing import TYPE_CHECKING

from espalier.infra.operations.mlflow_disk import free_disk
from espalier.infra.operations.registry_retention import GONE, Superfluous
from espalier.infra.registry.registry import RegisteredVersion, versions_of_runs
from espalier.infra.registry.registry_lock import RegistryLock
from espalier.infra.registry.registry_pages import known_aliases
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.search import find_runs
from espalier.infra.tracking.store import find_experiment, make_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOG = logging.getLogger(__name__)


def remove_superfluous(found: Superfluous, settings: Settings) -> Superfluous:
    """Remove versions and runs, and return those that were removed.

    A version that has got an alias in the meantime stays. What an earlier removal that was killed
    left behind is removed too.
    """
    client = make_client(settings)
    home = find_experiment(client, settings)
    removed = tuple(each for each in found.versions if _remove_version(client, each))
    with store_errors(settings.mlflow_uri):
        marked = list(find_runs(client, [home], f"tags.`{run_tags.SUPERFLUOUS}` != ''"))
        ids = dict.fromkeys(
            [
                *(each.run_id for each in removed if each.run_id is not None),
                *(run.info.run_id for run in marked),
                *(run_id for run_id, _ in found.runs),
            ]
        )
        in_use = {each.run_id for each in versions_of_runs(list(ids), settings)}
        gone, models = [], []
        for run_id in ids:
            if run_id not in in_use:
                runs, logged = _remove_run(client, run_id)
                gone += runs
                models += logged
    n_parents = len([run_id for run_id in gone if run_id in ids])
    return Superfluous(
        versions=removed,
        runs=found.runs,
        n_trials=len(gone) - n_parents,
        advice=free_disk(settings, gone, models),
    )


def _remove_version(client: "MlflowClient", version: RegisteredVersion) -> bool:
    """Remove a version from the registry, unless it has got an alias; return whether it is gone.

    Its run is marked first, so that a removal that is killed in between can be completed.
    """
    from mlflow.exceptions import MlflowException

    name, number = version.name, str(version.version)
    if version.run_id is not None:
        _mark(client, version.run_id, f"{name}/{number}")
    with RegistryLock(client, name) as lock:
        if number in (known_aliases(client, name) or {}).values():
            _LOG.info("version %s of %r has got an alias; it stays", number, name)
            return False
        lock.check()
        try:
            client.delete_model_version(name, number)
        except MlflowException as error:
            if error.error_code not in GONE:
                raise
    return True


def _mark(client: "MlflowClient", run_id: str, text: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.set_tag(run_id, run_tags.SUPERFLUOUS, text)
    except MlflowException as error:
        if error.error_code not in GONE:
            raise


def _remove_run(client: "MlflowClient", run_id: str) -> tuple[list[str], list[str]]:
    """Mark a run, its nested runs and its logged models as deleted; return the ids of both."""
    from mlflow.exceptions import MlflowException

    try:
        experiment = client.get_run(run_id).info.experiment_id
        nested = find_runs(client, [experiment], f"tags.`{run_tags.PARENT}` = '{run_id}'")
        runs = [*(each.info.run_id for each in list(nested)), run_id]
        models = [
            str(each.model_id)
            for each in client.search_logged_models(
                experiment_ids=[experiment], filter_string=f"source_run_id = '{run_id}'"
            )
        ]
        for each in models:
            client.delete_logged_model(each)
        for each in runs:  # the parent last: while it is there, its remains are found
            client.delete_run(each)
    except MlflowException as error:
        if error.error_code not in GONE:
            raise
        _LOG.info("run %s is gone already", run_id)
        return [], []
    return runs, models

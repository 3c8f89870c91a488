"""Remove versions and runs that `registry_retention` chose."""

import logging
from typing import TYPE_CHECKING

from espalier.infra.operations.mlflow_disk import can_free, free_disk
from espalier.infra.operations.registry_retention import GONE, Superfluous
from espalier.infra.registry.registry import RegisteredVersion, versions_of_runs
from espalier.infra.registry.registry_lock import RegistryLock
from espalier.infra.registry.registry_pages import known_aliases
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.search import find_runs
from espalier.infra.tracking.store import find_experiments, make_client

if TYPE_CHECKING:
    from mlflow import MlflowClient

_LOG = logging.getLogger(__name__)


def remove_superfluous(found: Superfluous, settings: Settings) -> Superfluous:
    """Remove versions and runs, and return those that were removed.

    A version that has got an alias in the meantime stays. What goes is marked first, so that what
    a removal that was killed left behind is removed too.
    """
    client = make_client(settings)
    homes = find_experiments(client, settings)
    removed = tuple(each for each in found.versions if _remove_version(client, each))
    with store_errors(settings.mlflow_uri):
        for run_id, name in found.runs:
            _mark(client, run_id, name)
        condition = f"tags.`{run_tags.SUPERFLUOUS}` != ''"
        # Of a store that others empty, what is marked as deleted is none of our business any more.
        marked = find_runs(client, homes, condition, with_deleted=can_free(settings))
        ids = dict.fromkeys(
            [
                *(each.run_id for each in removed if each.run_id is not None),
                *(run.info.run_id for run in marked),
            ]
        )
        in_use = {each.run_id for each in versions_of_runs(list(ids), settings)}
        gone = [
            each for run_id in ids if run_id not in in_use for each in _remove_run(client, run_id)
        ]
    return Superfluous(
        versions=removed,
        runs=found.runs,
        n_trials=len([run_id for run_id in gone if run_id not in ids]),
        advice=free_disk(settings, gone),
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
            if version.run_id is not None:
                client.delete_tag(version.run_id, run_tags.SUPERFLUOUS)
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


def _remove_run(client: "MlflowClient", run_id: str) -> list[str]:
    """Mark a run, its nested runs and its logged models as deleted; return the ids of the runs."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
        experiment = run.info.experiment_id
        nested = f"tags.`{run_tags.PARENT}` = '{run_id}'"
        # The parent last: while it is there, its remains are found.
        runs = [*find_runs(client, [experiment], nested, with_deleted=True), run]
        for model in client.search_logged_models(
            experiment_ids=[experiment], filter_string=f"source_run_id = '{run_id}'"
        ):
            client.delete_logged_model(model.model_id)
        for each in runs:
            if each.info.lifecycle_stage == "active":
                client.delete_run(each.info.run_id)
    except MlflowException as error:
        if error.error_code not in GONE:
            raise
        _LOG.info("run %s is gone already", run_id)
        return []
    return [str(each.info.run_id) for each in runs]

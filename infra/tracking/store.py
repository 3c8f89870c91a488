"""Open MLflow's stores, and find the experiment for our runs."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from espalier.infra.processes.file_lock import exclusive
from espalier.infra.settings import OWN_DATABASE, Settings
from espalier.infra.sqlite_urls import sqlite_url
from espalier.infra.store_errors import store_errors
from espalier.infra.store_settings import MODEL_PLACE
from espalier.infra.tracking.search import all_experiments
from espalier.infra.tracking.store_probe import require_answer
from espalier.pipelines.errors import EspalierError
from espalier.pipelines.redaction import redact

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Tag for MLflow's pages: without it, an experiment is displayed as one of chats and prompts.
KIND_TAG = "mlflow.experimentKind"
KIND = "custom_model_development"
DECISIONS, EXPECTATIONS = "decisions", "expectations"
"""What is kept in experiments beside those of the runs."""
_LOCK = ".mlflow.lock"
ABOUT = "Trainings by Espalier: a run each, with a nested run for every trial."


def make_client(settings: Settings) -> "MlflowClient":
    """Return an MLflow client for the stores of ``settings``.

    Raises
    ------
    StoreUnavailableError
        The store does not answer.
    EspalierError
        The store cannot be opened, and trying again will not help.
    """
    from mlflow import MlflowClient

    # Two processes must not create the tables of a new database at the same time.
    own = settings.tracking_uri is None
    alone = exclusive(settings.home / _LOCK) if own else nullcontext()
    with store_errors(settings.mlflow_registry_uri):
        if settings.mlflow_registry_uri != settings.mlflow_uri:
            require_answer(settings.mlflow_registry_uri)
    with store_errors(settings.mlflow_uri), alone:
        require_answer(settings.mlflow_uri)
        if own:
            _make_own(settings.home / OWN_DATABASE)
        try:
            client = MlflowClient(settings.mlflow_uri, registry_uri=settings.mlflow_registry_uri)
            client.search_experiments(max_results=1)  # connects; creates the tables if needed
        except Exception as error:
            if type(error).__name__ == "UnsupportedModelRegistryStoreURIException":
                raise EspalierError(
                    f"MLflow cannot open {redact(settings.mlflow_uri)!r}; set a tracking URI such "
                    "as sqlite:///mlflow.db or http://host:5000"
                ) from error
            raise
    return client


def make_own_database(settings: Settings) -> None:
    """Create the database in the home folder if it is the store and does not exist."""
    path = settings.home / OWN_DATABASE
    if settings.tracking_uri is None and _is_missing(path):
        with exclusive(settings.home / _LOCK):
            _make_own(path)


def _is_missing(path: Path) -> bool:
    # Connecting to a missing database creates an empty one.
    return not path.exists() or not path.stat().st_size


def _make_own(path: Path) -> None:
    """Create the database atomically if there is none; the caller must hold the lock.

    MLflow creates its tables in many steps and cannot continue half-way: a process that is killed
    meanwhile must not leave a partial database behind.
    """
    if not _is_missing(path):
        return
    from mlflow import MlflowClient

    partial = path.with_name(f".{path.name}.partial")
    for left in path.parent.glob(f"{partial.name}*"):
        left.unlink()
    uri = sqlite_url(partial)
    MlflowClient(uri, registry_uri=uri).search_experiments(max_results=1)
    _let_go(uri)
    partial.replace(path)


def _let_go(uri: str) -> None:
    """Close MLflow's connections to a database; MLflow itself never closes them."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking

    for store in (Tracking, Registry):
        engine = getattr(store, "_engine_map", {}).pop(uri, None)
        if engine is not None:
            engine.dispose()


def find_experiment(
    client: "MlflowClient", settings: Settings, model: str | None = None, *, beside: str = ""
) -> str:
    """Return the id of the settings' experiment; create it if it does not exist.

    Parameters
    ----------
    client : MlflowClient
        Client of the tracking store.
    settings : Settings
        Name the experiment.
    model : str or None
        The model whose runs are meant, where each has an experiment of its own; None for what
        concerns all.
    beside : str
        What is kept in an experiment beside that of the runs: `DECISIONS` or `EXPECTATIONS`.
    """
    from mlflow.exceptions import MlflowException

    name = experiment_name(settings, model, beside=beside)
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(
                client.create_experiment(
                    name,
                    artifact_location=settings.artifact_location,
                    tags={KIND_TAG: KIND, "mlflow.note.content": ABOUT},
                )
            )
        except MlflowException as error:
            # Another process has just created it.
            found = client.get_experiment_by_name(name)
            if found is None:
                raise error
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def experiment_name(settings: Settings, model: str | None = None, *, beside: str = "") -> str:
    """Return the name of an experiment, by the arguments of `find_experiment`."""
    name = settings.experiment_of(model)
    return f"{name} {beside}" if beside else name


def find_experiments(client: "MlflowClient", settings: Settings) -> list[str]:
    """Return the ids of all experiments for runs: several, where models have their own."""
    own = find_experiment(client, settings)
    before, place, after = settings.experiment.partition(MODEL_PLACE)
    if not place:
        return [own]
    # `_` and `%` in the name would be patterns for MLflow, so its filter is not relied on.
    return [own] + [
        str(each.experiment_id)
        for each in all_experiments(client)
        if each.name.startswith(before)
        and each.name.endswith(after)
        and len(each.name) > len(before) + len(after)
        and str(each.experiment_id) != own
        and not each.name.endswith((f" {DECISIONS}", f" {EXPECTATIONS}"))
    ]

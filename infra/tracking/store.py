"""MLflow's stores: opened, with the experiment that runs go to."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from espalier.infra.processes.file_lock import exclusive
from espalier.infra.settings import OWN_DATABASE, Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store_probe import require_answer
from espalier.pipelines.errors import EspalierError
from espalier.pipelines.redaction import redact

if TYPE_CHECKING:
    from mlflow import MlflowClient

# What MLflow's pages go by: an experiment of no kind is shown as one of chats and prompts.
KIND_TAG = "mlflow.experimentKind"
KIND = "custom_model_development"
_LOCK = ".mlflow.lock"
ABOUT = "Trainings by Espalier: a run each, with a nested run for every trial."


def make_client(settings: Settings) -> "MlflowClient":
    """Return a client on the stores of ``settings``.

    Raises
    ------
    StoreUnavailableError
        The store does not answer.
    EspalierError
        The store cannot be opened at all.
    """
    from mlflow import MlflowClient

    # Two that make a new database's tables at once would get in each other's way.
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
            client.search_experiments(max_results=1)  # connects; a new database makes its tables
        except Exception as error:
            if type(error).__name__ == "UnsupportedModelRegistryStoreURIException":
                raise EspalierError(
                    f"MLflow cannot open {redact(settings.mlflow_uri)!r}; set a tracking URI such "
                    "as sqlite:///mlflow.db or http://host:5000"
                ) from error
            raise
    return client


def make_own_database(settings: Settings) -> None:
    """Make the home's own database where it is the store and is not there."""
    path = settings.home / OWN_DATABASE
    if settings.tracking_uri is None and _is_missing(path):
        with exclusive(settings.home / _LOCK):
            _make_own(path)


def _is_missing(path: Path) -> bool:
    # Whoever connects to an absent one makes an empty one.
    return not path.exists() or not path.stat().st_size


def _make_own(path: Path) -> None:
    """Make the database where there is none, whole or not at all; the caller holds the lock.

    MLflow makes its tables in many steps, and cannot go on from the middle: a process that is
    killed meanwhile must leave nothing behind that looks like a database.
    """
    if not _is_missing(path):
        return
    from mlflow import MlflowClient

    partial = path.with_name(f".{path.name}.partial")
    for left in path.parent.glob(f"{partial.name}*"):
        left.unlink()
    uri = f"sqlite:///{partial}"
    MlflowClient(uri, registry_uri=uri).search_experiments(max_results=1)
    _let_go(uri)
    partial.replace(path)


def _let_go(uri: str) -> None:
    """Close MLflow's connections to a database, which it would keep as long as the process is."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Tracking

    for store in (Tracking, Registry):
        engine = getattr(store, "_engine_map", {}).pop(uri, None)
        if engine is not None:
            engine.dispose()


def find_experiment(client: "MlflowClient", settings: Settings) -> str:
    """Return the id of the settings' experiment, made when it is not there."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(settings.experiment)
    if found is None:
        try:
            return str(
                client.create_experiment(
                    settings.experiment,
                    artifact_location=settings.artifact_location,
                    tags={KIND_TAG: KIND, "mlflow.note.content": ABOUT},
                )
            )
        except MlflowException as error:
            # Somebody else made it this moment.
            found = client.get_experiment_by_name(settings.experiment)
            if found is None:
                raise error
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)

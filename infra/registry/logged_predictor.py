"""Log, register and fetch knowledge in MLflow, like any model.

Its versions are those of the registered model `PREDICTOR_MODEL`. Training runs use the champion; a
version that is not promoted becomes challenger.
"""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path

from espalier.infra.registry.logged_model import python_flavor
from espalier.infra.registry.model_upload import new_logged_model
from espalier.infra.registry.packaged_code import packaged_code
from espalier.infra.registry.registry import CHALLENGER, CHAMPION, PREDICTOR_MODEL, PREVIOUS
from espalier.infra.registry.registry_lock import RegistryLock
from espalier.infra.registry.registry_pages import aliases_of, make_registered_model
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store import make_client
from espalier.infra.tracking.tracking import Tracking

_REQUIREMENTS = (
    "mlflow",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "ConfigSpace",
    "lightgbm",
    "xgboost",
    "catboost",
    "pydantic",
    "threadpoolctl",
    "joblib",
)
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictorVersion:
    """A registered version of the knowledge.

    Attributes
    ----------
    number : int
        Version number, counted from 1.
    uri : str
        MLflow's URI of the version.
    alias : str
        ``champion`` or ``challenger``.
    """

    number: int
    uri: str
    alias: str


def add_predictor_version(
    tracking: Tracking,
    run_id: str,
    folder: Path,
    *,
    promoted: bool,
    tags: Mapping[str, str],
    description: str,
) -> PredictorVersion:
    """Log knowledge to a run and register it, as champion if ``promoted``.

    Parameters
    ----------
    tracking : Tracking
        Gives the store; its settings name the registry.
    run_id : str
        MLflow run that fitted the knowledge.
    folder : Path
        Folder that `Knowledge.save` wrote; other files in it are logged too.
    promoted : bool
        Whether it becomes champion; otherwise it becomes challenger.
    tags : mapping of str to str
        Tags of the version.
    description : str
        Description of the version, for display.
    """
    model_id, source = _log(tracking, run_id, folder)
    with store_errors(tracking.settings.mlflow_registry_uri):
        client = tracking.client
        make_registered_model(client, PREDICTOR_MODEL)
        made = client.create_model_version(
            PREDICTOR_MODEL,
            source=source,
            run_id=run_id,
            tags=dict(tags),
            description=description,
            model_id=model_id,
        )
        alias = CHAMPION if promoted else CHALLENGER
        with RegistryLock(client, PREDICTOR_MODEL) as lock:
            aliases = aliases_of(client, PREDICTOR_MODEL)
            if promoted and CHAMPION in aliases:
                client.set_registered_model_alias(PREDICTOR_MODEL, PREVIOUS, aliases[CHAMPION])
            lock.check()
            client.set_registered_model_alias(PREDICTOR_MODEL, alias, made.version)
    number = int(made.version)
    return PredictorVersion(number=number, uri=f"models:/{PREDICTOR_MODEL}/{number}", alias=alias)


def champion_number(settings: Settings) -> int | None:
    """Return the number of the champion version; None if there is none yet."""
    from mlflow.exceptions import MlflowException

    with store_errors(settings.mlflow_registry_uri):
        try:
            aliases = make_client(settings).get_registered_model(PREDICTOR_MODEL).aliases
        except MlflowException as error:
            if error.error_code in _ABSENT:
                return None
            raise
    return int(aliases[CHAMPION]) if CHAMPION in aliases else None


def predictor_files(number: int, settings: Settings) -> Path:
    """Return the local folder of a version, which is downloaded once.

    Raises
    ------
    StoreUnavailableError
        The store does not answer, or the files are missing.
    """
    kept = settings.experience_folder / f"version-{number}"
    if kept.exists():
        return kept
    from mlflow.artifacts import download_artifacts

    with (
        store_errors(settings.mlflow_registry_uri),
        tempfile.TemporaryDirectory(dir=_made(settings.experience_folder)) as scratch,
    ):
        source = make_client(settings).get_model_version_download_uri(PREDICTOR_MODEL, str(number))
        place = Path(download_artifacts(source, dst_path=scratch, tracking_uri=settings.mlflow_uri))
        data = place / python_flavor(place)["data"]
        fetched = Path(scratch) / "fetched"
        shutil.copytree(data, fetched)
        if not kept.exists():
            fetched.rename(kept)
    return kept


def _log(tracking: Tracking, run_id: str, folder: Path) -> tuple[str, str]:
    import mlflow.pyfunc
    from mlflow.models import Model

    from espalier.pipelines.experience.serving import LOADER

    with (
        store_errors(tracking.settings.mlflow_uri),
        new_logged_model(tracking, run_id, "experience") as new,
        packaged_code() as code,
    ):
        mlflow.pyfunc.save_model(
            str(new.place),
            mlflow_model=Model(run_id=run_id, model_id=new.model_id, model_uuid=new.model_id),
            loader_module=LOADER,
            data_path=str(folder),
            code_paths=[str(code)],
            pip_requirements=[f"{name}=={version_of(name)}" for name in _REQUIREMENTS],
        )
    return new.model_id, new.location


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder

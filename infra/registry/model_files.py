"""The files of a registered version, on this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from espalier.infra.registry.logged_model import saved_folder
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store import make_client
from espalier.pipelines.errors import UserError

if TYPE_CHECKING:
    from espalier.pipelines.serving.saved_model import ServedModel


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Where the files of a version are on this machine.

    Attributes
    ----------
    saved : Path
        What `espalier.pipelines.serving.saved_model.save_model` wrote.
    code : Path
        Holds the part of Espalier that the model was saved with.
    """

    saved: Path
    code: Path


def model_files(version: RegisteredVersion, settings: Settings) -> ModelFiles:
    """Return where the files of a version are, fetched where the store is elsewhere.

    Raises
    ------
    UserError
        The version was not made by Espalier, or its files are gone.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    client = make_client(settings)
    shown = f"{version.name}/{version.version}"
    with store_errors(settings.mlflow_registry_uri):
        source = client.get_model_version_download_uri(version.name, str(version.version))
        try:
            place = Path(download_artifacts(source, tracking_uri=settings.mlflow_uri))
        except (MlflowException, OSError) as error:
            raise UserError(f"the files of model {shown} are gone: {str(error)[:200]}") from error
    folder = saved_folder(place)
    if folder is None:
        raise UserError(f"model {shown} was not made by Espalier; open it with MLflow")
    return ModelFiles(saved=folder, code=place / "code")


def load(version: RegisteredVersion, settings: Settings) -> "ServedModel":
    """Open a registered version in this process.

    Returns
    -------
    ServedModel
        ``predict(table)`` takes raw rows and returns a table: ``prediction`` and, for
        classification, one ``proba_<class>`` per class. MLflow's own
        ``mlflow.pyfunc.load_model(version.uri)`` returns the same answers.

    Raises
    ------
    UserError
        The version was not made by Espalier, or its files are gone.
    """
    from espalier.pipelines.serving.saved_model import _load_pyfunc

    return _load_pyfunc(str(model_files(version, settings).saved))

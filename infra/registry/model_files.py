"""Fetch the files of a registered version to this machine."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from espalier.infra.registry.logged_model import find_saved
from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store import make_client
from espalier.pipelines.errors import UserError
from espalier.pipelines.serving.saved_forecast import OpenedForecast, open_forecast
from espalier.pipelines.serving.saved_model import OpenedModel, ServedModel, open_model


class OutdatedModelError(UserError):
    """A version was logged by an Espalier whose models this one cannot open."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Local paths of a version's files.

    Attributes
    ----------
    saved : Path
        Folder that `espalier.pipelines.serving.saved_model.save_model` wrote.
    code : Path
        Folder with the part of Espalier that the model was saved with.
    loader : str
        Module of that code which opens the model.
    is_forecast : bool
        Whether it forecasts series; otherwise it predicts rows of a table.
    """

    saved: Path
    code: Path
    loader: str
    is_forecast: bool = False


def model_files(
    version: RegisteredVersion,
    settings: Settings,
    *,
    any_age: bool = False,
    into: Path | None = None,
) -> ModelFiles:
    """Return where the files of a version are, fetched where the store is elsewhere.

    Parameters
    ----------
    version : RegisteredVersion
        Whose files.
    settings : Settings
        Which stores.
    any_age : bool
        Whether the model is opened by the code beside it, so that it may be of any age.
    into : Path or None
        Folder to copy the files to, for callers that remove them; None to leave local files where
        they are and to fetch others to a temporary folder.

    Raises
    ------
    OutdatedModelError
        This Espalier cannot open it, and ``any_age`` is not set.
    UserError
        The version was not made by Espalier, or its files are missing.
    """
    shown = f"{version.name}/{version.version}"
    place = version_folder(version, settings, into=into)
    saved = find_saved(place)
    if saved is None:
        raise UserError(f"model {shown} was not made by Espalier; open it with MLflow")
    if saved.is_outdated and not any_age:
        raise OutdatedModelError(outdated(version))
    return ModelFiles(
        saved=saved.folder,
        code=place / "code",
        loader=saved.loader,
        is_forecast=saved.is_forecast,
    )


def version_folder(
    version: RegisteredVersion, settings: Settings, *, into: Path | None = None
) -> Path:
    """Return the MLflow model folder of a version, whoever made it.

    Parameters
    ----------
    version, settings, into
        As for `model_files`.

    Raises
    ------
    UserError
        Its files are missing.
    """
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    client = make_client(settings)
    with store_errors(settings.mlflow_registry_uri):
        source = client.get_model_version_download_uri(version.name, str(version.version))
        try:
            return Path(
                download_artifacts(
                    source,
                    dst_path=None if into is None else str(into),
                    tracking_uri=settings.mlflow_uri,
                )
            )
        except (MlflowException, OSError) as error:
            shown = f"{version.name}/{version.version}"
            raise UserError(
                f"the files of model {shown} are gone ({str(error)[:200]}); use another "
                "version, or train it again"
            ) from error


def load(version: RegisteredVersion, settings: Settings) -> ServedModel:
    """Open a registered version in this process.

    Returns
    -------
    ServedModel
        ``predict(table)`` takes raw rows and returns a table: ``prediction`` and, for
        classification, one ``proba_<class>`` per class. MLflow's own
        ``mlflow.pyfunc.load_model(version.uri)`` returns the same answers.

    Raises
    ------
    OutdatedModelError
        It was logged by Espalier 0.1.
    UserError
        The version was not made by Espalier, or its files are gone.
    """
    return ServedModel(open_version(version, settings).model)


def open_version(version: RegisteredVersion, settings: Settings) -> OpenedModel:
    """Open a registered version in this process, with what is different since it was logged.

    Raises
    ------
    OutdatedModelError
        It was logged by Espalier 0.1.
    UserError
        The version was not made by Espalier, forecasts series, or its files are gone.
    """
    files = model_files(version, settings)
    if files.is_forecast:
        shown = f"{version.name}/{version.version}"
        raise UserError(
            f"model {shown} forecasts series; this is for models of tables, its forecasts are "
            "made by espalier predict"
        )
    return open_model(files.saved)


def open_forecaster(version: RegisteredVersion, settings: Settings) -> OpenedForecast:
    """Open a registered forecast in this process, with what is different since it was logged.

    Raises
    ------
    UserError
        The version is no forecast of Espalier's, or its files are gone.
    """
    return open_forecast(model_files(version, settings).saved)


def require_openable(version: RegisteredVersion, settings: Settings) -> None:
    """Raise an `OutdatedModelError` where this Espalier cannot open a version.

    What else may be wrong with its files is said where they are used.
    """
    try:
        model_files(version, settings)
    except OutdatedModelError:
        raise
    except UserError:
        return


def outdated(version: RegisteredVersion) -> str:
    """Say that a version is too old, and what to do."""
    return (
        f"model {version.name}/{version.version} was saved by Espalier 0.1, whose models this "
        f"version cannot open; train it again: espalier retrain {shlex.quote(version.name)}, or "
        "espalier train"
    )

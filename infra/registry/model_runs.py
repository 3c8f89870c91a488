"""Find the training run of a registered model, and its run folder."""

from dataclasses import dataclass
from pathlib import Path

from espalier.infra.registry.registry import RegisteredVersion, resolve, versions_of
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.store import make_client
from espalier.pipelines.errors import UserError


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRun:
    """The training run that made a version.

    Attributes
    ----------
    version : RegisteredVersion
        The version.
    run_id : str
        MLflow run of the training.
    fingerprint : str
        Fingerprint of the training table; empty if unknown.
    folder : Path or None
        The run folder; None if it was removed.
    asked_by : str
        Who named its data source; empty if an older version did not record it.
    """

    version: RegisteredVersion
    run_id: str
    fingerprint: str
    folder: Path | None
    asked_by: str = ""

    @property
    def shown(self) -> str:
        """The version as ``NAME/VERSION``, for display."""
        return f"{self.version.name}/{self.version.version}"


def run_behind(version: RegisteredVersion, settings: Settings) -> ModelRun:
    """Return the training run that made ``version``.

    Raises
    ------
    UserError
        No training run made it, or its run was deleted.
    """
    from mlflow.exceptions import MlflowException

    shown = f"{version.name}/{version.version}"
    if version.run_id is None:
        raise UserError(f"model {shown} was not made by a training, so there is no run behind it")
    with store_errors(settings.mlflow_uri):
        try:
            tags = make_client(settings).get_run(version.run_id).data.tags
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            raise UserError(f"the run that made model {shown} was deleted from MLflow") from None
    return ModelRun(
        version=version,
        run_id=version.run_id,
        fingerprint=tags.get(run_tags.FINGERPRINT, ""),
        folder=_folder(tags.get(run_tags.FOLDER), tags.get(run_tags.ATTEMPT), settings),
        asked_by=tags.get(run_tags.ASKED_BY, ""),
    )


def run_to_extend(spec: str, settings: Settings) -> ModelRun:
    """Return the finished training run that ``spec`` refers to, with its folder.

    ``NAME`` alone means the newest run, so that one extension follows another. A run that was
    killed after registering its version does not count, since it will be continued itself.

    Raises
    ------
    UserError
        There is no such model, the run is not finished, or its folder was removed.
    """
    asked = resolve(spec, settings)
    if asked.name != spec.strip():
        run = run_behind(asked, settings)
        if run.folder is not None and RunStore(run.folder).finished is None:
            raise UserError(f"the run of model {run.shown} is not finished; wait for its end")
        return _with_folder(run)
    versions = versions_of(asked.name, settings)
    runs = (run_behind(each, settings) for each in versions if each.run_id is not None)
    for run in runs:
        if run.folder is None or RunStore(run.folder).finished is not None:
            return _with_folder(run)
    raise UserError(f"no run of model {asked.name!r} is finished; wait for its end")


def _with_folder(run: ModelRun) -> ModelRun:
    if run.folder is None:
        raise UserError(
            f"the run folder of model {run.shown} is gone, and with it the table and the trials "
            "to go on from; start a new training, or name another version"
        )
    return run


def _folder(path: str | None, attempt: str | None, settings: Settings) -> Path | None:
    """Return the run's folder, at its old path or in the present home folder."""
    if path is None:
        return None
    for folder in (settings.runs_folder / Path(path).name, Path(path)):
        # Another attempt may use the name of a folder that was deleted.
        if folder.is_dir() and (attempt is None or RunStore(folder).attempt == attempt):
            return folder
    return None

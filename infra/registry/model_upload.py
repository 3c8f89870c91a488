"""Upload a model folder to MLflow as a logged model of a run."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from espalier.infra.tracking.tracking import Tracking


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLoggedModel:
    """A logged model whose files are not written yet.

    Attributes
    ----------
    model_id : str
        MLflow's id of the model.
    location : str
        Where its files will be stored.
    place : Path
        Local folder to write them to; it must be created.
    """

    model_id: str
    location: str
    place: Path


@contextmanager
def new_logged_model(tracking: Tracking, run_id: str, kind: str) -> Iterator[NewLoggedModel]:
    """Context manager that logs the files written to ``place``; an error marks it as failed.

    Parameters
    ----------
    tracking : Tracking
        Gives the client of the store.
    run_id : str
        MLflow run that made the model.
    kind : str
        Name and type of the model.
    """
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus

    client = tracking.client
    logged = client.create_logged_model(
        tracking.experiment_id, name=kind, source_run_id=run_id, model_type=kind
    )
    model_id = str(logged.model_id)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch) / "model"
            yield NewLoggedModel(
                model_id=model_id, location=str(logged.artifact_location), place=place
            )
            client.log_model_artifacts(model_id, str(place))
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])
    except BaseException:
        client.finalize_logged_model(model_id, LoggedModelStatus.FAILED)
        raise
    client.finalize_logged_model(model_id, LoggedModelStatus.READY)

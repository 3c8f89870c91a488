"""A model folder on its way into MLflow: begun, filled, logged below its run, and concluded."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from espalier.infra.tracking.tracking import Tracking


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLoggedModel:
    """A logged model whose files are yet to be written.

    Attributes
    ----------
    model_id : str
        MLflow's name for it.
    location : str
        Where its files will be.
    place : Path
        Where to write them; the folder is still to be made.
    """

    model_id: str
    location: str
    place: Path


@contextmanager
def new_logged_model(tracking: Tracking, run_id: str, kind: str) -> Iterator[NewLoggedModel]:
    """Log what the block writes to ``place``; what it raises ends the model as failed.

    Parameters
    ----------
    tracking : Tracking
        The store.
    run_id : str
        The run that made the model.
    kind : str
        The model's name and type.
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

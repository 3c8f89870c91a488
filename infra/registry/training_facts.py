"""What the MLflow run of a training says about it."""

from dataclasses import dataclass

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store import make_client


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """What a comparison has to know of a training.

    Attributes
    ----------
    target : str
        What was to be predicted.
    time_column, group_column : str or None
        How rows were split.
    weight_column : str or None
        How rows were weighed.
    """

    target: str
    time_column: str | None = None
    group_column: str | None = None
    weight_column: str | None = None


def training_facts(version: RegisteredVersion, settings: Settings) -> TrainingFacts | None:
    """Return the facts; None where the version has no run, or one of another kind."""
    from mlflow.exceptions import MlflowException

    if version.run_id is None:
        return None
    with store_errors(settings.mlflow_uri):
        try:
            params = make_client(settings).get_run(version.run_id).data.params
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return None
    if "target" not in params:
        return None
    return TrainingFacts(
        target=params["target"],
        time_column=params.get("time_column"),
        group_column=params.get("group_column"),
        weight_column=params.get("weight_column"),
    )

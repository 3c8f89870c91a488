"""Read the facts about a training run that a comparison needs from MLflow."""

from dataclasses import dataclass

from espalier.infra.registry.registry import RegisteredVersion
from espalier.infra.settings import Settings
from espalier.infra.store_errors import store_errors
from espalier.infra.tracking.store import make_client


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """The facts about a training run that a comparison needs.

    Attributes
    ----------
    target : str
        Name of the target column.
    time_column, group_column : str or None
        Columns by which rows were split.
    weight_column : str or None
        Column with the weights of rows.
    """

    target: str
    time_column: str | None = None
    group_column: str | None = None
    weight_column: str | None = None


def training_facts(version: RegisteredVersion, settings: Settings) -> TrainingFacts | None:
    """Return the facts about a version's training; None if it has no training run."""
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

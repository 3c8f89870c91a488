"""Find the nested runs that MLflow already has of a training, so that none is logged twice."""

from typing import TYPE_CHECKING

from espalier.infra.tracking import tags as run_tags
from espalier.infra.tracking.search import find_runs

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


def runs_with(client: "MlflowClient", experiment_id: str, tag: str, value: str) -> "list[Run]":
    """Return the runs whose ``tag`` has this value, oldest first; no quotes in ``value``."""
    oldest_first = ["attributes.start_time ASC"]
    return list(
        find_runs(client, [experiment_id], f"tags.`{tag}` = '{value}'", order_by=oldest_first)
    )


def complete_trials(
    client: "MlflowClient", experiment_id: str, parent_run_id: str
) -> dict[int, str]:
    """Return the ids of the complete nested runs by trial number; delete incomplete ones."""
    found: dict[int, str] = {}
    for run in runs_with(client, experiment_id, run_tags.PARENT, parent_run_id):
        number = run.data.tags.get(run_tags.TRIAL)
        if number is None:
            continue
        if run.info.status == "RUNNING" or int(number) in found:
            client.delete_run(run.info.run_id)
        else:
            found[int(number)] = run.info.run_id
    return found


def remove_twins(client: "MlflowClient", experiment_id: str, parent_run_id: str) -> None:
    """Delete duplicate parent runs of the same attempt, caused by repeated requests."""
    attempt = client.get_run(parent_run_id).data.tags.get(run_tags.ATTEMPT)
    if not attempt:
        return
    for twin in runs_with(client, experiment_id, run_tags.ATTEMPT, attempt):
        if twin.info.run_id != parent_run_id:
            client.delete_run(twin.info.run_id)

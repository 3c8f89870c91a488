"""What MLflow holds of a training already: asked when a run continues, so that nothing is twice."""

from typing import TYPE_CHECKING, Any

from infra.trial_runs import ATTEMPT_TAG, PARENT_TAG, TRIAL_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient


def runs_with(client: "MlflowClient", experiment_id: str, tag: str, value: str) -> list[Any]:
    """Return the runs whose ``tag`` has this value, oldest first; ``value`` holds no quotes."""
    found: list[Any] = []
    token = None
    while True:
        page = client.search_runs(
            [experiment_id],
            filter_string=f"tags.`{tag}` = '{value}'",
            order_by=["attributes.start_time ASC"],
            max_results=1000,
            page_token=token,
        )
        found.extend(page)
        token = page.token
        if not token:
            return found


def complete_trials(
    client: "MlflowClient", experiment_id: str, parent_run_id: str
) -> dict[int, str]:
    """Return the ids of the nested runs that are complete, by trial number; remove the others."""
    found: dict[int, str] = {}
    for run in runs_with(client, experiment_id, PARENT_TAG, parent_run_id):
        number = run.data.tags.get(TRIAL_TAG)
        if number is None:
            continue
        if run.info.status == "RUNNING" or int(number) in found:
            client.delete_run(run.info.run_id)
        else:
            found[int(number)] = run.info.run_id
    return found


def remove_twins(client: "MlflowClient", experiment_id: str, parent_run_id: str) -> None:
    """Remove other parent runs of the same attempt: a server was asked for one twice."""
    attempt = client.get_run(parent_run_id).data.tags.get(ATTEMPT_TAG)
    if not attempt:
        return
    for twin in runs_with(client, experiment_id, ATTEMPT_TAG, attempt):
        if twin.info.run_id != parent_run_id:
            client.delete_run(twin.info.run_id)

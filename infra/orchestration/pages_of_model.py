"""The pages of Prefect that tell of a model's tables."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.client.schemas.objects import Artifact

_FLOWS = ("train", "retrain", "monitor", "predict")
# Older versions quoted cells in these.
_KEYS = ("validation", "gate", "drift", "monitor")
_PAGE = 200


def remove_table_pages(model: str, *, dry_run: bool = False) -> int:
    """Remove the artifacts of a model's flow runs that describe its tables; return their number.

    They are found by the names of the runs. Logs, states and parameters of runs cannot be changed
    through Prefect's API; they go with the flow runs themselves.
    """
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    removed = 0
    with get_client(sync_client=True) as client:
        while found := _artifacts(client, model, offset=removed if dry_run else 0):
            for each in found:
                if not dry_run:
                    try:
                        client.delete_artifact(each.id)
                    except ObjectNotFound:  # somebody else was quicker
                        continue
            removed += len(found)
    return removed


def _artifacts(client: object, model: str, *, offset: int) -> "list[Artifact]":
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.filters import (
        ArtifactFilter,
        ArtifactFilterKey,
        FlowRunFilter,
        FlowRunFilterName,
    )

    assert isinstance(client, SyncPrefectClient)
    return client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=list(_KEYS))),
        flow_run_filter=FlowRunFilter(
            name=FlowRunFilterName(any_=[f"{flow} {model}" for flow in _FLOWS])
        ),
        limit=_PAGE,
        offset=offset,
    )

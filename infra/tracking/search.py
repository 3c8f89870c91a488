"""Find all MLflow runs that match a condition."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_PAGE = 1000


def find_runs(
    client: "MlflowClient",
    experiment_ids: Sequence[str],
    condition: str,
    *,
    order_by: Sequence[str] = (),
) -> "Iterator[Run]":
    """Yield all runs of the experiments that match MLflow's filter ``condition``.

    MLflow returns one page at a time. Changing runs while iterating may move others between pages:
    collect them in a list first if the changes affect the condition.
    """
    token = None
    while True:
        page = client.search_runs(
            list(experiment_ids),
            filter_string=condition,
            order_by=list(order_by) or None,
            max_results=_PAGE,
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return

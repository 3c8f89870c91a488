"""Every run that a condition finds, page by page."""

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
    """Yield all runs of the experiments for which MLflow's filter ``condition`` holds.

    MLflow answers with a page at a time. What a caller changes meanwhile may move runs between
    pages: take a list first where the condition is about what is changed.
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

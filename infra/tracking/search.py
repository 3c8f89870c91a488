"""Find all MLflow runs that match a condition, and all experiments."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

_PAGE = 1000


def quoted(text: str) -> str | None:
    """Return ``text`` as a value in one of MLflow's filters; None if it cannot be one.

    The filters know two kinds of quotes and no escapes, so a text with both is not expressible.
    """
    quote = next((each for each in "'\"" if each not in text), None)
    return None if quote is None else f"{quote}{text}{quote}"


def find_runs(
    client: "MlflowClient",
    experiment_ids: Sequence[str],
    condition: str,
    *,
    order_by: Sequence[str] = (),
    with_deleted: bool = False,
) -> "Iterator[Run]":
    """Yield all runs of the experiments that match MLflow's filter ``condition``.

    Runs that are marked as deleted are left out, unless ``with_deleted``.

    MLflow returns one page at a time. Changing runs while iterating may move others between pages:
    collect them in a list first if the changes affect the condition.
    """
    from mlflow.entities import ViewType

    token = None
    while True:
        page = client.search_runs(
            list(experiment_ids),
            filter_string=condition,
            run_view_type=ViewType.ALL if with_deleted else ViewType.ACTIVE_ONLY,
            order_by=list(order_by) or None,
            max_results=_PAGE,
            page_token=token,
        )
        yield from page
        token = page.token
        if not token:
            return


def all_experiments(client: "MlflowClient") -> "Iterator[Experiment]":
    """Yield all experiments that are not deleted."""
    token = None
    while True:
        page = client.search_experiments(max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return

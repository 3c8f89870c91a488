"""Check whether a training can be done with a staged table."""

from prefect import task

from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.request_checks import check_request
from espalier.tasks.pickles import read_pickle
from espalier.tasks.policies import ALWAYS_RUN
from espalier.tasks.records import TableRef


@task(
    name="check staged table",
    description="Check target, metric and families against the table.",
    tags=["espalier", "data"],
    cache_policy=ALWAYS_RUN,
    persist_result=False,
)
def check_staged_table(table: TableRef, request: TrainRequest) -> None:
    """Raise a `UserError` if the training cannot be done with the table; see `check_request`."""
    check_request(request, read_pickle(table.path))

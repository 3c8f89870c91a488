"""The story of an extension: a finished run's table and trials, and more search on top."""

from prefect import flow

from flows.extension import continuation
from flows.hooks import watched
from flows.report import TrainReport
from flows.train import train
from infra.settings import load_settings
from pipelines.extend_request import ExtendRequest


@watched
@flow(
    name="extend",
    description="Search on from where a finished run of a model stopped.",
    flow_run_name="extend {request.model}",
    persist_result=False,
)
def extend(request: ExtendRequest) -> TrainReport:
    """Search on from where a finished run of a model stopped, and register a new version.

    Running the same request again after an interruption continues where it stopped.
    """
    return train(continuation(request, load_settings()))

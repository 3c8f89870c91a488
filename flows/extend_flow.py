"""The flow `extend`: continue the search of a finished training run."""

from prefect import flow

from espalier.flows.progress.flow_hooks import with_run_hooks
from espalier.flows.progress.guarded_run import guarded
from espalier.flows.reports.training import TrainReport
from espalier.flows.train_flow import train
from espalier.flows.training.extension import continuation
from espalier.infra.settings import load_settings
from espalier.pipelines.requests.extend import ExtendRequest


@with_run_hooks
@flow(
    name="extend",
    description="Continue the search of a finished training run, and register a new version.",
    flow_run_name="extend {request.model}",
    persist_result=False,
)
@guarded
def extend(request: ExtendRequest) -> TrainReport:
    """Continue the search of a finished training run, and register a new version of its model.

    Running the same request again after an interruption continues where it stopped.
    """
    return train(continuation(request, load_settings()))

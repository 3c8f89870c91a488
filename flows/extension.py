"""What extending a model's run means as a training; it needs no Prefect yet."""

from infra.model_runs import run_to_extend
from infra.run_notes import REQUEST
from infra.run_store import RunStore
from infra.settings import Settings
from pipelines.errors import UserError
from pipelines.extend_request import ExtendRequest
from pipelines.request import TrainRequest


def continuation(request: ExtendRequest, settings: Settings) -> TrainRequest:
    """Return the training that takes over the run's table and trials.

    Raises
    ------
    UserError
        There is no such model, its run folder is gone, or the options cannot be.
    """
    run = run_to_extend(request.model, settings)
    assert run.folder is not None
    original = RunStore(run.folder).noted(REQUEST)
    if original is None:
        raise UserError(
            f"the run of model {run.shown} did not note what was asked of it; start a new training"
        )
    return request.of({**original, "name": run.version.name}, run.folder.name)

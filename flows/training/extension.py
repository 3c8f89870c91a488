"""Turn a request to extend a training run into a training request."""

from espalier.infra.registry.model_runs import run_to_extend
from espalier.infra.runs.notes import REQUEST
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.extend import ExtendRequest
from espalier.pipelines.requests.train import TrainRequest


def continuation(request: ExtendRequest, settings: Settings) -> TrainRequest:
    """Return the request of a training that continues with the table and trials of the run.

    Raises
    ------
    UserError
        There is no such model, its run folder is gone, or an option is invalid.
    """
    run = run_to_extend(request.model, settings)
    assert run.folder is not None
    original = RunStore(run.folder).noted(REQUEST)
    if original is None:
        raise UserError(
            f"the run of model {run.shown} did not note what was asked of it; start a new training"
        )
    return request.of({**original, "name": run.version.name}, run.folder.name)

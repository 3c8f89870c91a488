"""Read the source into the run folder."""

from concurrent.futures import Future
from pathlib import Path

from prefect.context import TaskRunContext

from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.stage_table import stage_table
from espalier.tasks.policies import MINUTES, retried_task
from espalier.tasks.records import TableRef


@retried_task(
    name="load",
    description="Read the source into the run folder, which is named after its content.",
    tags=["espalier", "data"],
    timeout_seconds=60 * MINUTES,
)
def load_table(
    request: TrainRequest, runs_folder: Path, begun: Future[TableRef] | None = None
) -> TableRef:
    """Return the staged table of ``request``; see `stage_table`.

    Reading may have begun before the flow did, while its server was starting; then it is waited
    for. A retry reads anew.
    """
    context = TaskRunContext.get()
    is_first = context is None or context.task_run.run_count <= 1
    if begun is not None and is_first:
        return begun.result()
    return stage_table(request, runs_folder)

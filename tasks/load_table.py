"""Read the source into the run folder."""

from concurrent.futures import Future
from pathlib import Path

from prefect import task
from prefect.context import TaskRunContext

from pipelines.request import TrainRequest
from tasks.policies import ALWAYS_RUN, BACKOFF, JITTER, MINUTES, RETRIES, retry_if_it_can_pass
from tasks.records import TableRef
from tasks.stage_table import stage_table


@task(
    name="load",
    description="Read the source into the run folder, which is named after its content.",
    tags=["espalier", "data"],
    retries=RETRIES,
    retry_delay_seconds=BACKOFF,
    retry_jitter_factor=JITTER,
    retry_condition_fn=retry_if_it_can_pass,
    timeout_seconds=60 * MINUTES,
    cache_policy=ALWAYS_RUN,
    persist_result=False,
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

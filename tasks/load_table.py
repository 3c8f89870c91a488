"""Read the source into the run folder."""

from concurrent.futures import Future
from pathlib import Path

from prefect import task
from prefect.context import TaskRunContext

from pipelines.request import TrainRequest
from tasks.policies import ALWAYS_RUN, BACKOFF, JITTER, MINUTES, RETRIES, retry_if_it_can_pass
from tasks.records import TableRef
from tasks.staging import write_pickle


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


def stage_table(request: TrainRequest, runs_folder: Path) -> TableRef:
    """Read the table, check what can be checked at once, and stage it in its run folder.

    Raises
    ------
    UserError
        The source, the target, the metric or a family is wrong.
    """
    from infra.run_store import run_folder, run_key
    from infra.sources import read_table
    from pipelines.data.fingerprint import fingerprint
    from tasks.first_checks import check_request

    table = read_table(request.data, query=request.query)
    check_request(request, table)
    mark = fingerprint(table)
    folder = run_folder(Path(runs_folder), run_key(mark, request.essentials))
    schema = tuple((str(name), str(kind)) for name, kind in table.dtypes.items())
    ref = TableRef(folder=folder, fingerprint=mark, n_rows=len(table), schema=schema)
    write_pickle(table, ref.path)
    return ref

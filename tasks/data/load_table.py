"""The table of a training, in its run folder."""

from pathlib import Path

from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.early_table import EarlyTable
from espalier.tasks.data.stage_table import read_source, stage_table
from espalier.tasks.policies import MINUTES, retried_task
from espalier.tasks.records import TableRef


@retried_task(
    name="load",
    description="Read the source into the run folder, which is named after its content.",
    tags=["espalier", "data"],
    timeout_seconds=60 * MINUTES,
)
def load_table(request: TrainRequest, runs_folder: Path, early: EarlyTable | TableRef) -> TableRef:
    """Return the table of ``request``, staged in the run folder.

    Parameters
    ----------
    request : TrainRequest
        What is asked.
    runs_folder : Path
        Where run folders are.
    early : EarlyTable or TableRef
        The table as it was read before the flow began, or staged by the flow around this one. A
        retry reads the source again.

    Raises
    ------
    UserError
        The source, the target, the metric or a family is wrong.
    """
    if isinstance(early, TableRef):
        return early
    table = early.take() or read_source(request, runs_folder)
    return stage_table(table, request, runs_folder)

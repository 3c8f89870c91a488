"""Read a data source again, and check whether its content has changed."""

from dataclasses import dataclass
from pathlib import Path

from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.stage_table import SourceTable, stage_table
from espalier.tasks.policies import MINUTES, retried_task
from espalier.tasks.records import TableRef


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSnapshot:
    """Content of a data source at the time it was read again.

    Attributes
    ----------
    fingerprint : str
        Fingerprint of the content.
    n_rows : int
        Number of rows.
    table : TableRef or None
        Reference to the staged table; None if the content has not changed.
    """

    fingerprint: str
    n_rows: int
    table: TableRef | None


@retried_task(
    name="read again",
    description="Read the source again; stage the table where it has changed.",
    tags=["espalier", "data"],
    timeout_seconds=60 * MINUTES,
)
def reread_table(request: TrainRequest, runs_folder: Path, known: str | None) -> SourceSnapshot:
    """Read the source of ``request``, and stage the table if its content has changed.

    Parameters
    ----------
    request : TrainRequest
        Request of the training that the table is for.
    runs_folder : Path
        Folder of all run folders.
    known : str or None
        Fingerprint of the known content, which is not staged; None to stage any.

    Raises
    ------
    UserError
        The source cannot be read.
    """
    rows = read_table(
        request.data,
        query=request.query,
        target=request.target,
        image_root=request.image_root,
    )
    table = SourceTable(rows, fingerprint(rows))
    is_known = table.fingerprint == known
    return SourceSnapshot(
        fingerprint=table.fingerprint,
        n_rows=len(rows),
        table=None if is_known else stage_table(table, request, runs_folder),
    )

"""Read a data source again, and see whether anything in it has changed."""

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
    """What a source holds now.

    Attributes
    ----------
    fingerprint : str
        Names the content.
    n_rows : int
        Its size.
    table : TableRef or None
        Where it is staged for a training; None where it is what was known.
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
    """Return what the source of ``request`` holds now.

    Parameters
    ----------
    request : TrainRequest
        The training that the table would be for.
    runs_folder : Path
        Where run folders are.
    known : str or None
        Fingerprint of a table that needs no training; None to train in any case.

    Raises
    ------
    UserError
        The source cannot be read.
    """
    rows = read_table(request.data, query=request.query, target=request.target)
    table = SourceTable(rows, fingerprint(rows))
    is_known = table.fingerprint == known
    return SourceSnapshot(
        fingerprint=table.fingerprint,
        n_rows=len(rows),
        table=None if is_known else stage_table(table, request, runs_folder),
    )

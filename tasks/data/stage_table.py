"""Read the source, refuse what can be refused at once, and stage the table in its run folder."""

from pathlib import Path

import pandas as pd

from espalier.infra.runs.folders import run_folder, run_key
from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.request_checks import check_request
from espalier.tasks.data.stage_extension import stage_extension
from espalier.tasks.pickles import write_pickle
from espalier.tasks.records import TableRef


def stage_table(request: TrainRequest, runs_folder: Path) -> TableRef:
    """Read the table, check what can be checked at once, and stage it in its run folder.

    Raises
    ------
    UserError
        The source, the target, the metric or a family is wrong.
    """
    if request.extends is not None:
        return stage_extension(request, Path(runs_folder))
    table = read_table(request.data, query=request.query)
    check_request(request, table)
    return put_in_folder(table, fingerprint(table), request, runs_folder)


def put_in_folder(
    table: pd.DataFrame, mark: str, request: TrainRequest, runs_folder: Path
) -> TableRef:
    """Stage a table of the fingerprint ``mark`` in the folder of the run that ``request`` means."""
    folder = run_folder(Path(runs_folder), run_key(mark, request.essentials))
    ref = TableRef.of(table, mark, folder)
    write_pickle(table, ref.path)
    return ref

"""Read the source, check the request against it, and stage the table in its run folder."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from espalier.infra.runs.folders import run_folder, run_key
from espalier.infra.runs.mirror import fetch_attempts
from espalier.infra.settings import load_settings
from espalier.infra.tables.sources import read_table
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.requests.train import TrainRequest
from espalier.tasks.data.request_checks import check_request
from espalier.tasks.data.stage_extension import read_extended, take_over_run
from espalier.tasks.pickles import write_pickle
from espalier.tasks.records import TableRef


@dataclass(frozen=True, slots=True, eq=False)
class SourceTable:
    """A table as it was read.

    Attributes
    ----------
    rows : DataFrame
        The table.
    fingerprint : str
        Fingerprint of its content.
    """

    rows: pd.DataFrame
    fingerprint: str


def read_source(request: TrainRequest, runs_folder: Path) -> SourceTable:
    """Read the table of ``request``, and check the request against it.

    Raises
    ------
    UserError
        The source, the target, the metric or a family is wrong.
    """
    if request.extends is None:
        rows = read_table(
            request.data,
            query=request.query,
            target=request.target,
            image_root=request.image_root,
        )
    else:
        rows = read_extended(request.extends, runs_folder)
    check_request(request, rows)
    return SourceTable(rows, fingerprint(rows))


def stage_table(table: SourceTable, request: TrainRequest, runs_folder: Path) -> TableRef:
    """Write a table into the run folder of ``request``; an extension also copies the trials.

    What another machine has recorded of the same run is fetched first, where machines share it.
    """
    key = run_key(table.fingerprint, request.essentials)
    fetch_attempts(load_settings(), request.model_name, key)
    folder = run_folder(runs_folder, key)
    ref = TableRef.of(table.rows, table.fingerprint, folder)
    if request.extends is None:
        write_pickle(table.rows, ref.path)
    else:
        take_over_run(request.extends, ref)
    return ref

"""Copy table and trials of a finished run into the folder of a run that extends it."""

from pathlib import Path

import pandas as pd

from espalier.infra.runs.notes import MLFLOW_RUN, TABLE
from espalier.infra.runs.store import RunStore
from espalier.infra.runs.takeover import link_or_copy, take_over_trials
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.errors import UserError
from espalier.pipelines.search.limits.stopping import TIME_IS_SPENT
from espalier.tasks.pickles import read_pickle
from espalier.tasks.records import TableRef


def read_extended(folder_name: str, runs_folder: Path) -> pd.DataFrame:
    """Return the training table of the run in a run folder.

    Raises
    ------
    UserError
        The run folder is gone or incomplete.
    """
    source = RunStore(runs_folder / folder_name)
    try:
        table: pd.DataFrame = read_pickle(TableRef.path_in(source.folder))
    except FileNotFoundError:
        raise UserError(
            f"the run folder {str(source.folder)!r} is gone, and with it the table and the trials "
            "to go on from; start a new training"
        ) from None
    if (source.noted(TABLE) or {}).get("fingerprint") != fingerprint(table):
        raise UserError(
            f"the table in {str(source.folder)!r} is not the one that its trials were scored on; "
            "start a new training"
        )
    return table


def take_over_run(folder_name: str, table: TableRef) -> None:
    """Copy table and trials of the extended run into the folder of ``table``.

    Trials that were cut off by the end of the budget are not copied: now there is time for them.
    """
    source = RunStore(table.folder.with_name(folder_name))
    link_or_copy(TableRef.path_in(source.folder), table.path)
    wanted = [each for each in source.results() if each.error != TIME_IS_SPENT]
    take_over_trials(source, RunStore(table.folder), wanted, run_id=source.noted(MLFLOW_RUN))

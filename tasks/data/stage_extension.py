"""Table and trials of a finished run, taken over into the folder of the run that extends it."""

from pathlib import Path

from espalier.infra.runs.folders import run_folder, run_key
from espalier.infra.runs.notes import MLFLOW_RUN, TABLE
from espalier.infra.runs.store import RunStore
from espalier.infra.runs.takeover import link_or_copy, take_over_trials
from espalier.pipelines.data.fingerprint import fingerprint
from espalier.pipelines.errors import UserError
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.search.limits.stopping import TIME_IS_SPENT
from espalier.tasks.data.request_checks import check_request
from espalier.tasks.pickles import read_pickle
from espalier.tasks.records import TableRef


def stage_extension(request: TrainRequest, runs_folder: Path) -> TableRef:
    """Stage the table and the trials of the run that ``request`` extends.

    Trials that the end of the time cut off are left behind: now there is time for them.

    Raises
    ------
    UserError
        The run folder is gone or incomplete.
    """
    assert request.extends is not None
    source = RunStore(runs_folder / request.extends)
    path = TableRef.path_in(source.folder)
    try:
        table = read_pickle(path)
    except FileNotFoundError:
        raise UserError(
            f"the run folder {str(source.folder)!r} is gone, and with it the table and the trials "
            "to go on from; start a new training"
        ) from None
    mark = fingerprint(table)
    if (source.noted(TABLE) or {}).get("fingerprint") != mark:
        raise UserError(
            f"the table in {str(source.folder)!r} is not the one that its trials were scored on; "
            "start a new training"
        )
    check_request(request, table)
    folder = run_folder(runs_folder, run_key(mark, request.essentials))
    ref = TableRef.of(table, mark, folder)
    wanted = [each for each in source.results() if each.error != TIME_IS_SPENT]
    link_or_copy(path, ref.path)
    take_over_trials(source, RunStore(folder), wanted, run_id=source.noted(MLFLOW_RUN))
    return ref

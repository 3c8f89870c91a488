"""Free the disk of runs that are marked as deleted in MLflow.

MLflow's deletion is a mark: rows of its database and files stay until ``mlflow gc``. Where the
store is the own database in the home folder, that is done here; elsewhere it is the matter of
whoever runs the server, and we say how.
"""

import logging
import os
import subprocess
import sys
from collections.abc import Sequence

from espalier.infra.environment import without_strict_warnings
from espalier.infra.processes.import_path import without_working_folder
from espalier.infra.settings import Settings
from espalier.infra.tracking.store import make_client

_LOG = logging.getLogger(__name__)

_RUNS_A_CALL = 1000  # an argument of a program has at most 128 KiB
_PATIENCE = 3600.0
ADVICE = (
    "they are marked as deleted in MLflow; to free the disk, run `mlflow gc --older-than 1d` where "
    "its server runs, with MLFLOW_TRACKING_URI naming the server and --backend-store-uri its "
    "database (it removes whatever is marked as deleted for longer than a day)"
)


def can_free(settings: Settings) -> bool:
    """Whether the store is our own, and `mlflow gc` would remove nothing that we did not delete.

    It removes deleted experiments too, and such a one may be wanted back.
    """
    return settings.tracking_uri is None and not _has_deleted_experiments(settings)


def free_disk(settings: Settings, run_ids: Sequence[str]) -> str:
    """Remove the rows and files of these deleted runs and of deleted logged models, if we can.

    Returns
    -------
    str
        What somebody has to do to free the disk; empty if it was done, or there is nothing.
    """
    if not run_ids:
        return ""
    if not can_free(settings):
        return ADVICE
    chunks = (
        run_ids[start : start + _RUNS_A_CALL] for start in range(0, len(run_ids), _RUNS_A_CALL)
    )
    return "" if all(_collect(settings, each) for each in chunks) else ADVICE


def _has_deleted_experiments(settings: Settings) -> bool:
    from mlflow.entities import ViewType

    client = make_client(settings)
    return bool(client.search_experiments(view_type=ViewType.DELETED_ONLY, max_results=1))


def _collect(settings: Settings, run_ids: Sequence[str]) -> bool:
    command = [sys.executable, "-m", "mlflow", "gc", "--backend-store-uri", settings.mlflow_uri]
    done = subprocess.run(
        [*command, "--run-ids", ",".join(run_ids)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_PATIENCE,
        check=False,
        env=without_working_folder(without_strict_warnings(os.environ))
        | {"MLFLOW_TRACKING_URI": settings.mlflow_uri},
    )
    if done.returncode != 0:
        _LOG.warning("`mlflow gc` ended with status %d: %s", done.returncode, done.stderr[-500:])
    return done.returncode == 0

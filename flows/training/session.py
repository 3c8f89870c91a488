"""Resources of a training run, started in the background as early as possible."""

import importlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from espalier.flows.progress.listeners import LogListener, RunListener
from espalier.infra.settings import Settings, load_settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.closing import ClosesAtExit
from espalier.pipelines.surroundings import undisturbed
from espalier.tasks.pickles import PREPARED
from espalier.tasks.records import TableRef

if TYPE_CHECKING:
    from espalier.flows.reports.training import TrainReport
    from espalier.tasks.data.early_table import EarlyTable

PATIENCE_SECONDS = 2.5

# Needed later by this process, and slow to import: done while servers and workers start.
_WARM = (
    "espalier.pipelines.data.leakage",
    "great_expectations",
    "espalier.pipelines.search.propose",
    "espalier.pipelines.metafeatures.profile",
    "espalier.pipelines.automl.training",
)


class TrainingSession(ClosesAtExit):
    """Table, workers and stores of a training run.

    The constructor starts everything in the background; using a part waits until it is ready.

    Parameters
    ----------
    request : TrainRequest
        Request of the training run.
    settings : Settings
        Settings that name the stores.
    listener : RunListener
        Receives the progress of the run.
    table : EarlyTable or TableRef
        Table from `begin_reading`, or one that is already staged.
    started_at : float
        When work on the request began, in seconds since 1970.

    Attributes
    ----------
    report : TrainReport or None
        Report of the training, once it is done.
    workers : TrainingWorkers
        Workers that run the trials.
    tracking : Tracking
        The MLflow store.
    """

    def __init__(
        self,
        request: TrainRequest,
        settings: Settings,
        listener: RunListener,
        *,
        table: "EarlyTable | TableRef",
        started_at: float,
    ) -> None:
        from espalier.infra.cluster.training_workers import TrainingWorkers

        self.request = request
        self.settings = settings
        self.listener = listener
        self.table = table
        self.started_at = started_at
        self.report: TrainReport | None = None
        self.workers = TrainingWorkers(request, settings)
        self.tracking = Tracking(settings, request.model_name).open_soon()
        threading.Thread(target=_import_all, name="warm-imports", daemon=True).start()

    def close(self) -> None:
        """Release the workers and the data."""
        self.workers.close()
        PREPARED.forget()


def begin_reading(request: TrainRequest, settings: Settings) -> "EarlyTable":
    """Begin to read the table, and wait a moment so that faults in the request show early.

    Raises
    ------
    UserError
        The source, the target, the metric or a family is wrong.
    """
    from espalier.tasks.data.early_table import EarlyTable

    table = EarlyTable(request, settings.runs_folder)
    table.wait(PATIENCE_SECONDS)
    return table


_CURRENT: ContextVar[TrainingSession | None] = ContextVar("espalier_session", default=None)


@contextmanager
def use_session(session: TrainingSession) -> Iterator[TrainingSession]:
    """Make ``session`` the session of flows called in this block."""
    token = _CURRENT.set(session)
    try:
        yield session
    finally:
        _CURRENT.reset(token)


@contextmanager
def session_for(request: TrainRequest) -> Iterator[TrainingSession]:
    """Yield the current session if it is for ``request``, else a new one, for the block.

    The command line opens a session while the Prefect server is still starting; a run that Prefect
    starts opens one here.
    """
    current = _CURRENT.get()
    if current is not None and current.request == request:
        yield current
        return
    from prefect.logging import get_run_logger

    started_at, settings, listener = time.time(), load_settings(), LogListener(get_run_logger())
    table = begin_reading(request, settings)
    with TrainingSession(
        request, settings, listener, table=table, started_at=started_at
    ) as session:
        yield session


@undisturbed
def _import_all() -> None:
    for name in _WARM:
        importlib.import_module(name)

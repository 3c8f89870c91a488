"""What one training holds open, started in the background the moment it is known to be needed."""

import importlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from espalier.flows.progress.listeners import RunListener
from espalier.infra.runs.fold_models import open_fold_models
from espalier.infra.runs.start_log import StartLog
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.infra.tracking.tracking import Tracking
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.memory import MIB, SOFT_SHARE, worker_memory, workers_within
from espalier.tasks.pickles import read_pickle
from espalier.tasks.records import PreparedData, PreparedRef, TableRef, ValidationRecord

if TYPE_CHECKING:
    from espalier.flows.reports.training import TrainReport

SHOWN_COLUMNS = 10
PATIENCE_SECONDS = 2.5
SMALLEST_WORKER = 2**30

# Needed later by this process, and slow to import: done while servers and workers start.
_WARM = (
    "espalier.pipelines.data.leakage",
    "great_expectations",
    "espalier.pipelines.search.propose",
    "espalier.pipelines.metafeatures.profile",
    "espalier.pipelines.ensemble.choose",
)


class TrainingSession:
    """Table, workers and stores of one training.

    Making one starts everything at once; what is asked for is waited for.

    Parameters
    ----------
    request : TrainRequest
        What is trained.
    settings : Settings
        Where things are.
    listener : RunListener
        Told about the run.
    table : Future of TableRef
        From `begin_reading`.
    started_at : float
        When the process began to work on it, in seconds since 1970.

    Attributes
    ----------
    report : TrainReport or None
        What the training left, once it is done.
    fold_models : FoldModels or None
        Where fold models of the best trials are kept, from `open_executor` on.
    memory_limit_mb : float or None
        MiB of resident memory above which a trial is stopped; None where that is for the scheduler
        by address to say.
    """

    fold_models: FoldModels | None = None

    def __init__(
        self,
        request: TrainRequest,
        settings: Settings,
        listener: RunListener,
        *,
        table: "Future[TableRef]",
        started_at: float,
    ) -> None:
        from espalier.infra.cluster.cluster import start_cluster_soon, threads_per_worker

        self.request = request
        self.settings = settings
        self.listener = listener
        self.table = table
        self.started_at = started_at
        self.report: TrainReport | None = None
        address = None if request.workers else request.dask or settings.dask_address
        limit = request.memory_limit or settings.memory_limit
        n_workers = request.workers or settings.worker_count
        if address is None:
            n_workers = workers_within(limit, n_workers)
        # What the workers of a scheduler by address may use is theirs to say, unless we are told.
        known = address is None or limit is not None
        self.memory_limit_mb = SOFT_SHARE * worker_memory(limit, n_workers) / MIB if known else None
        self.n_workers = n_workers
        # Sums of floats depend on how many threads add them up; a run without a clock is to be
        # the same at any number of workers.
        timed_here = address is None and request.budget.seconds is not None
        self.n_threads = threads_per_worker(n_workers) if timed_here else 1
        self._cluster = start_cluster_soon(
            address,
            n_workers,
            # A nanny that ended every worker before it could begin would help nobody.
            f"{max(worker_memory(limit, n_workers), SMALLEST_WORKER)}b",
            n_threads=self.n_threads,
        )
        self._starts: StartLog | None = None
        self.tracking = Tracking(settings).open_soon()
        _in_background("warm-imports", _import_all)

    def open_executor(
        self, prepared: PreparedRef, request: TrainRequest, store: RunStore
    ) -> Executor:
        """Return the executor on the workers; they are waited for, and get the data.

        Which trials it begins is noted in the run's folder, until the session is closed.
        """
        from espalier.infra.cluster.executor import DaskExecutor
        from espalier.pipelines.learners.registry import choose_learners
        from espalier.pipelines.metrics.catalogue import get_metric

        if request.budget.seconds is not None or request.serving == "bagged":
            self.fold_models = open_fold_models(prepared.path.parent, self.settings.home)
        data: PreparedData = read_pickle(prepared.path)
        context = EvaluationContext(
            dataset=data.search,
            folds=data.folds,
            metric=get_metric(prepared.metric, prepared.problem, prepared.n_classes),
            learners=choose_learners(
                request.families or None, prepared.shape, interpretable=request.interpretable
            ),
            n_threads=self.n_threads,
            fold_models=self.fold_models,
            memory_limit_mb=self.memory_limit_mb,
        )
        self._starts = StartLog(store)
        return DaskExecutor(self._cluster.client, context, starts=self._starts)

    def tell(self, prepared: PreparedRef, validation: ValidationRecord) -> None:
        """Tell the watcher what was noticed about the data."""
        shape = prepared.shape
        self.listener.note(
            f"{shape.problem}: {shape.n_rows:,} rows to search on, {prepared.n_holdout:,} held "
            f"out; {shape.n_columns} features; {prepared.folds}; metric {prepared.metric}"
        )
        for column, reason in prepared.set_aside[:SHOWN_COLUMNS]:
            self.listener.note(f"{column!r} is set aside: {reason}")
        hidden = len(prepared.set_aside) - SHOWN_COLUMNS
        if hidden > 0:
            self.listener.note(f"and {hidden} more columns are set aside")
        for line in prepared.notes:
            self.listener.note(line)
        for line in prepared.warnings:
            self.listener.warn(line)
        for severity, line in validation.failures:
            self.listener.warn(f"{line} ({severity})")

    def say(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """Tell the watcher some lines, and return them."""
        for line in lines:
            self.listener.note(line)
        return lines

    def close(self) -> None:
        """Let go of the workers."""
        if self._starts is not None:
            self._starts.close()
        self._cluster.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def begin_reading(request: TrainRequest, settings: Settings) -> "Future[TableRef]":
    """Begin to read the table, and give the user's faults a moment to show.

    Most tables are read before this returns, so that a wrong file or column is answered at once,
    with nothing else started. A large table goes on being read beside what starts next.

    Raises
    ------
    UserError
        The source, the target, the metric or a family is wrong.
    """
    from espalier.tasks.data.stage_table import stage_table

    future: Future[TableRef] = _in_background(
        "read-table", lambda: stage_table(request, settings.runs_folder)
    )
    with suppress(TimeoutError):
        future.result(timeout=PATIENCE_SECONDS)
    return future


_CURRENT: ContextVar[TrainingSession | None] = ContextVar("espalier_session", default=None)


@contextmanager
def use_session(session: TrainingSession) -> Iterator[TrainingSession]:
    """Let flows that are called in this block use ``session``."""
    token = _CURRENT.set(session)
    try:
        yield session
    finally:
        _CURRENT.reset(token)


@contextmanager
def session_for(request: TrainRequest) -> Iterator[TrainingSession]:
    """Yield the current session if it is of this request, else an own one, for the block.

    The command line makes one before the Prefect server answers, so that nothing waits in line;
    a run that Prefect itself starts makes its own.
    """
    current = _CURRENT.get()
    if current is not None and current.request == request:
        yield current
        return
    from prefect.logging import get_run_logger

    from espalier.flows.progress.listeners import LogListener
    from espalier.infra.settings import load_settings

    started_at, settings, listener = time.time(), load_settings(), LogListener(get_run_logger())
    table = begin_reading(request, settings)
    with TrainingSession(
        request, settings, listener, table=table, started_at=started_at
    ) as session:
        yield session


def _import_all() -> None:
    for name in _WARM:
        importlib.import_module(name)


def _in_background(name: str, work: Any) -> "Future[Any]":
    """Run ``work()`` in a daemon thread; its result or exception is the future's."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future

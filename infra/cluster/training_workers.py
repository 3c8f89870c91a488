"""The Dask workers of a training run, started in the background as early as possible."""

from espalier.infra.cluster.cluster import start_cluster_soon, threads_per_worker
from espalier.infra.runs.start_log import StartLog
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.memory import trial_memory_mb, worker_memory, workers_within

SMALLEST_WORKER = 2**30


class TrainingWorkers:
    """Dask workers on this machine, or those of a running scheduler by address.

    Parameters
    ----------
    request : TrainRequest
        Request of the training run.
    settings : Settings
        Settings of this installation; the request takes precedence.

    Attributes
    ----------
    n_workers : int
        Number of trials that run at the same time; an estimate for a scheduler by address.
    n_threads : int
        Number of threads of a trial.
    memory_limit_mb : float or None
        Resident memory in MiB above which a trial is stopped; None for a scheduler by address
        whose limit is not known.
    """

    def __init__(self, request: TrainRequest, settings: Settings) -> None:
        address = None if request.workers else request.dask or settings.dask_address
        limit = request.memory_limit or settings.memory_limit
        n_workers = request.workers or settings.worker_count
        if address is None:
            n_workers = workers_within(limit, n_workers)
        # A scheduler by address sets its own memory limit, unless the user gives one.
        known = address is None or limit is not None
        self.memory_limit_mb = trial_memory_mb(limit, n_workers) if known else None
        self.n_workers = n_workers
        # Sums of floats depend on the number of threads; a run without a time budget must give the
        # same result with any number of workers.
        timed_here = address is None and request.budget.seconds is not None
        self.n_threads = threads_per_worker(n_workers) if timed_here else 1
        self._cluster = start_cluster_soon(
            address,
            n_workers,
            # With less memory the nanny would end every worker before it could begin.
            f"{max(worker_memory(limit, n_workers), SMALLEST_WORKER)}b",
            n_threads=self.n_threads,
        )
        self._starts: StartLog | None = None

    def open_executor(self, context: EvaluationContext, store: RunStore) -> Executor:
        """Wait for the workers, send them the data, and return the executor on them.

        Until `close`, the trials it starts are logged in the run folder.
        """
        from espalier.infra.cluster.executor import DaskExecutor  # distributed takes a second

        self._starts = StartLog(store)
        return DaskExecutor(self._cluster.client, context, starts=self._starts)

    def close(self) -> None:
        """Close the log of started trials, and release the workers."""
        if self._starts is not None:
            self._starts.close()
        self._cluster.close()

"""The Dask workers of one training, started in the background as soon as it is known."""

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
    """Workers of this machine's own, or those of a scheduler by address.

    Parameters
    ----------
    request : TrainRequest
        What is trained.
    settings : Settings
        What the machine or the team has set.

    Attributes
    ----------
    n_workers : int
        Trials that run at the same time, as far as it is for us to say.
    n_threads : int
        Threads of one trial.
    memory_limit_mb : float or None
        MiB of resident memory above which a trial is stopped; None where that is for the scheduler
        by address to say.
    """

    def __init__(self, request: TrainRequest, settings: Settings) -> None:
        address = None if request.workers else request.dask or settings.dask_address
        limit = request.memory_limit or settings.memory_limit
        n_workers = request.workers or settings.worker_count
        if address is None:
            n_workers = workers_within(limit, n_workers)
        # What the workers of a scheduler by address may use is theirs to say, unless we are told.
        known = address is None or limit is not None
        self.memory_limit_mb = trial_memory_mb(limit, n_workers) if known else None
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

    def open_executor(self, context: EvaluationContext, store: RunStore) -> Executor:
        """Return the executor on the workers; they are waited for, and get the data.

        Which trials it begins is noted in the run's folder, until the workers are let go.
        """
        from espalier.infra.cluster.executor import DaskExecutor  # distributed takes a second

        self._starts = StartLog(store)
        return DaskExecutor(self._cluster.client, context, starts=self._starts)

    def close(self) -> None:
        """Let go of the workers."""
        if self._starts is not None:
            self._starts.close()
        self._cluster.close()

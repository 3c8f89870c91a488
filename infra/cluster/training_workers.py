"""The Dask workers of a training run, started in the background as early as possible."""

from functools import cached_property

from espalier.infra.cluster.cluster import Cluster
from espalier.infra.cluster.host_claim import HostClaim, claim_host
from espalier.infra.runs.start_log import StartLog
from espalier.infra.runs.store import RunStore
from espalier.infra.settings import Settings
from espalier.infra.tracking.tags import CORES
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.evaluation.forecast_context import ForecastContext
from espalier.pipelines.evaluation.trial_context import TrialContext
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.memory import (
    MIB,
    SOFT_SHARE,
    beside_this_process,
    trial_memory_mb,
)

SMALLEST_WORKER = 2**30
NO_FOLD_MODELS = (
    "the Dask workers do not see the run folder, so the models of the folds are not kept: if there "
    "is no time for a refit, its member is left out; a disk that both share would change that"
)


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
        Number of trials that run at the same time; an estimate for a scheduler by address, and
        where other runs share this machine.
    n_threads : int
        Number of threads of a trial.
    """

    def __init__(self, request: TrainRequest, settings: Settings) -> None:
        address = None if request.workers else request.dask or settings.dask_address
        limit, seconds = request.memory_limit or settings.memory_limit, request.budget.seconds
        self._limit = limit
        self._claim: HostClaim | None = None
        self._executor: Executor | None = None
        self._starts: StartLog | None = None
        self._lacks_fold_models = False
        if address is None:
            claim = self._claim = claim_host(
                settings,
                workers=request.workers or settings.workers,
                memory_limit=limit,
                is_timed=seconds is not None,
            )
            self.n_workers, self.n_threads = claim.n_start, claim.n_threads
            # With less memory the nanny would end every worker before it could begin.
            memory = f"{max(claim.memory, SMALLEST_WORKER)}b"
            self._patience = settings.dask_start_seconds
        else:
            self.n_workers, self.n_threads = settings.worker_count, 1
            # A scheduler by address sets its own memory limit, unless the user gives one.
            memory = None
            self._patience = min(settings.dask_wait_seconds, seconds or float("inf"))
        self._cluster = Cluster(
            address,
            n_workers=self.n_workers,
            memory_limit=memory,
            n_threads=self.n_threads,
            start_seconds=self._patience,
        ).start()

    @cached_property
    def memory_limit_mb(self) -> float | None:
        """Resident memory in MiB above which a trial is stopped.

        None for a scheduler by address whose limit is not known. It is first asked for when the
        table is there: what this process holds of it is then counted, unless the user gave a limit.
        """
        if self._claim is None:
            return None if self._limit is None else trial_memory_mb(self._limit, 1)
        memory = self._claim.memory
        if self._limit is None:
            memory = beside_this_process(memory, self.n_workers)
        return SOFT_SHARE * memory / MIB

    @property
    def opening_lines(self) -> tuple[str, ...]:
        """What the user should know about the workers, once the executor is open."""
        lines = [] if self._claim is None else [self._claim.opening_line]
        lines += [NO_FOLD_MODELS] if self._lacks_fold_models else []
        return tuple(line for line in lines if line is not None)

    @property
    def closing_lines(self) -> tuple[str, ...]:
        """What the user should know about the workers that the run has had, at its end."""
        line = None if self._claim is None else self._claim.line
        return () if line is None else (line,)

    @property
    def tags(self) -> dict[str, str]:
        """Tags for the MLflow run: the cores that it has had, if that is known."""
        return {} if self._claim is None else {CORES: f"{self._claim.mean_cores:.1f}"}

    def open_executor(self, context: TrialContext, store: RunStore) -> Executor:
        """Wait for the workers, send them the data, and return the executor on them.

        Until `close`, the trials it starts are logged in the run folder.
        """
        from espalier.infra.cluster.executor import DaskExecutor  # distributed takes a second
        from espalier.infra.cluster.worker import all_see

        self._starts = StartLog(store)
        self._executor = DaskExecutor(
            self._cluster.client,
            context,
            starts=self._starts,
            claim=self._claim,
            patience_seconds=self._patience,
        )
        fold_models = None if isinstance(context, ForecastContext) else context.fold_models
        if self._claim is None and fold_models is not None:
            folder = fold_models.folder
            self._lacks_fold_models = not all_see(self._cluster.client, folder)
        return self._executor

    def close(self) -> None:
        """Stop the jobs that still run, close their log, and release workers and cores."""
        try:
            if self._executor is not None:
                self._executor.close()
        finally:
            if self._starts is not None:
                self._starts.close()
            self._cluster.close()
            if self._claim is not None:
                self._claim.close()

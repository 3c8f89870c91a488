"""The executor that runs trials in worker processes on this machine."""

import math
import time

from espalier.pipelines.evaluation.executors.job_pool import JobPool
from espalier.pipelines.evaluation.executors.pool_executor import PoolExecutor
from espalier.pipelines.evaluation.executors.process_workers import ProcessWorkers
from espalier.pipelines.evaluation.trial_context import TrialContext

_POLL_SECONDS = 0.5


class ProcessExecutor(PoolExecutor):
    """Runs trials in worker processes on this machine.

    A trial past its time limit is asked to stop; then its process is killed and replaced, as is one
    over its memory limit. A trial whose process dies is tried once more, as the cause may be
    another; the second time it fails.

    Parameters
    ----------
    context : TrialContext
        Data and settings that trials need.
    n_workers : int
        Number of processes.
    memory_limit_mb : float or None
        Resident memory of a worker in MiB above which its trial ends as MEMOUT; None for no limit.
    """

    def __init__(
        self, context: TrialContext, n_workers: int, *, memory_limit_mb: float | None = None
    ) -> None:
        self._workers = ProcessWorkers(context, n_workers)
        super().__init__(JobPool(self._workers, memory_limit_mb=memory_limit_mb))

    @property
    def is_ready(self) -> bool:
        """Whether a worker can begin a trial."""
        return self._workers.any_ready

    def warm_up(self, at_most: float = math.inf) -> float:
        """Wait until a worker is ready, or so many seconds; return the seconds that took.

        Raises
        ------
        WorkerLostError
            No worker can be started.
        """
        began = time.monotonic()
        while not self.is_ready and time.monotonic() - began < at_most:
            self._workers.wait(_POLL_SECONDS)
        return time.monotonic() - began

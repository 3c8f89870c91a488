"""Trials on Dask: the executor of the flow."""

from typing import TYPE_CHECKING

from espalier.infra.cluster.shared_context import SharedContext
from espalier.infra.cluster.worker_set import DaskWorkerSet
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.job_pool import JobPool
from espalier.pipelines.evaluation.executors.pool_executor import PoolExecutor
from espalier.pipelines.evaluation.executors.workers import Work
from espalier.pipelines.trials.trial import Trial

if TYPE_CHECKING:
    from distributed import Client

    from espalier.infra.runs.start_log import StartLog


class DaskExecutor(PoolExecutor):
    """Runs trials on the workers of a Dask client, one a worker at a time.

    A trial past its limit is asked to stop, then its worker process is killed and started anew by
    its nanny; a trial that takes its worker down, for memory or otherwise, is a result.

    Parameters
    ----------
    client : Client
        Connected; it is not closed here.
    context : EvaluationContext
        What trials need.
    starts : StartLog or None
        Notes which trials are begun.
    """

    def __init__(
        self, client: "Client", context: EvaluationContext, *, starts: "StartLog | None" = None
    ) -> None:
        def note(work: Work) -> None:
            if starts is not None and isinstance(work, Trial):
                starts.note(work)

        workers = DaskWorkerSet(client, SharedContext(client, context))
        super().__init__(JobPool(workers, on_start=note))

"""The executor that runs trials on Dask workers."""

from typing import TYPE_CHECKING

from espalier.infra.cluster.host_claim import HostClaim
from espalier.infra.cluster.shared_context import SharedContext
from espalier.infra.cluster.worker_set import DaskWorkerSet
from espalier.infra.runs.start_log import StartLog
from espalier.pipelines.evaluation.executors.job_pool import JobPool
from espalier.pipelines.evaluation.executors.pool_executor import PoolExecutor
from espalier.pipelines.evaluation.executors.workers import Work
from espalier.pipelines.evaluation.trial_context import TrialContext
from espalier.pipelines.trials.trial import Trial

if TYPE_CHECKING:
    from distributed import Client


class DaskExecutor(PoolExecutor):
    """Runs trials on the workers of a Dask client, one per worker at a time.

    A trial past its limit is asked to stop; then its worker process is killed, and restarted by
    its nanny. A trial whose worker dies, of memory or otherwise, has a result that says so.

    Parameters
    ----------
    client : Client
        A connected client; the executor does not close it.
    context : TrialContext
        Data and settings that trials need.
    starts : StartLog or None
        Log of the trials that are started; None for none.
    claim : HostClaim or None
        What the run may use of this machine, for workers of its own; None for all of it.
    patience_seconds : float
        How long to wait for a worker if there is none.
    """

    def __init__(
        self,
        client: "Client",
        context: TrialContext,
        *,
        starts: StartLog | None = None,
        claim: HostClaim | None = None,
        patience_seconds: float = 120.0,
    ) -> None:
        def note(work: Work) -> None:
            if starts is not None and isinstance(work, Trial):
                starts.note(work)

        workers = DaskWorkerSet(
            client,
            SharedContext(client, context),
            patience_seconds=patience_seconds,
            claim=claim,
        )
        super().__init__(JobPool(workers, on_start=note))

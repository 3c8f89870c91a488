"""Show a scheduler the jobs that wait for a worker, so that an adaptive cluster grows."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from espalier.infra.cluster.job_keys import demand_key

if TYPE_CHECKING:
    from distributed import Client

# Dask extrapolates from the first hundred.
_MOST = 100
# No worker has this resource, so that the tasks never run.
_NEVER = {"espalier-waiting": 1}


class Demand:
    """Waiting jobs as tasks that no worker can run.

    A run gives each worker one job, and so its scheduler would never see that more are waiting.
    Adaptive clusters of every kind grow by the same figure of the scheduler, which counts tasks for
    which there is no worker (``Scheduler.adaptive_target``). These tasks do nothing, never run, and
    are released with the client.

    Parameters
    ----------
    client : Client
        A connected client.
    run : str
        Mark of the run (`job_keys`).
    """

    def __init__(self, client: "Client", run: str) -> None:
        self._client = client
        self._run = run
        self._shown: list[Any] = []

    def show(self, n_jobs: int) -> None:
        """Show that ``n_jobs`` jobs wait; without a scheduler that answers, do nothing."""
        with suppress(Exception):  # a closed client raises various errors
            wanted = min(n_jobs, _MOST)
            # A site may let tasks without a worker fail after some time.
            self._shown = [each for each in self._shown if each.status == "pending"]
            surplus, self._shown = self._shown[wanted:], self._shown[:wanted]
            for each in surplus:
                each.release()
            self._shown += [
                self._client.submit(int, key=demand_key(self._run), resources=_NEVER, pure=False)
                for _ in range(wanted - len(self._shown))
            ]

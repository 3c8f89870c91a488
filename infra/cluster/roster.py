"""Keep track of the workers of a Dask scheduler, and stop one reliably."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from espalier.infra.cluster import worker as dask_worker
from espalier.pipelines.errors import WorkerLostError

if TYPE_CHECKING:
    from distributed import Client

_LOG = logging.getLogger(__name__)

_REFRESH_SECONDS = 1.0
_DEATH_SECONDS = 3.0
_MEMORY_TOPIC = "worker-restart-memory"


class WorkerRoster:
    """The workers of a Dask client; they may join and leave at any time.

    Parameters
    ----------
    client : Client
        A connected client.
    patience_seconds : float
        How long to wait for a worker if there is none.

    Attributes
    ----------
    workers : tuple of str
        Addresses of the workers at the last `refresh`.
    dying : set of str
        Addresses of workers that were stopped but are still listed.
    """

    def __init__(self, client: "Client", patience_seconds: float) -> None:
        self._client = client
        self._patience = patience_seconds
        self.workers: tuple[str, ...] = ()
        self.dying: set[str] = set()
        self._refreshed = 0.0
        self._alone_since: float | None = None
        self.refresh()

    def refresh(self, *, now: bool = False) -> None:
        """Update ``workers``, at most once a second unless ``now``.

        Raises
        ------
        WorkerLostError
            There has been no worker for too long, or the scheduler does not answer.
        """
        asked = time.monotonic()
        if self.workers and not now and asked - self._refreshed < _REFRESH_SECONDS:
            return
        try:
            self.workers = tuple(sorted(self._client.nthreads()))
        except Exception as error:  # a closed client raises various errors
            raise WorkerLostError(f"the Dask scheduler does not answer: {error}") from error
        self._refreshed = asked
        self.dying &= set(self.workers)
        if self.workers:
            self._alone_since = None
            return
        self._alone_since = self._alone_since or asked
        if asked - self._alone_since > self._patience:
            raise WorkerLostError(f"no Dask worker for {self._patience:.0f} s")

    def doubt(self) -> None:
        """Make the next `refresh` ask the scheduler, even if the last answer is recent."""
        self._refreshed = 0.0

    def stop(self, worker: str) -> None:
        """Kill the process of a worker; its nanny starts a new one.

        A worker without a nanny cannot be stopped: it must get no further job.
        """
        self.dying.add(worker)
        self.tell(dask_worker.kill_process, worker, workers=[worker], nanny=True)

    def await_deaths(self) -> None:
        """Wait up to three seconds until stopped workers are gone: no other run must get them."""
        end = time.monotonic() + _DEATH_SECONDS
        with suppress(WorkerLostError):
            while self.dying and time.monotonic() < end:
                time.sleep(0.05)
                self.refresh(now=True)
        self.dying.clear()

    def ended_for_memory(self, worker: str) -> bool:
        """Whether a nanny reports that it ended the worker for its memory.

        Asks three times, as the report may arrive later than the news of the death.
        """
        for _ in range(3):
            with suppress(OSError, TimeoutError):
                events = self._client.get_events(_MEMORY_TOPIC)
                if any(event["worker"] == worker for _, event in events):
                    return True
            time.sleep(0.1)
        return False

    def tell(self, function: Callable[..., None], *args: Any, **where: Any) -> None:
        """Run ``function`` on workers, or their nannies, without waiting for it.

        A worker that runs native code may not respond.
        """

        def tell() -> None:
            try:
                self._client.run(function, *args, on_error="ignore", **where)
            except Exception as error:  # gone already
                _LOG.info("%s: %s", function.__name__, error)

        threading.Thread(target=tell, name="tell-workers", daemon=True).start()

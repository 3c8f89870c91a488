"""Keep track of the workers of a Dask scheduler, and stop one reliably."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from espalier.infra.cluster import worker_job
from espalier.pipelines.errors import WorkerLostError

if TYPE_CHECKING:
    from distributed import Client

_LOG = logging.getLogger(__name__)

_REFRESH_SECONDS = 1.0
_DEATH_SECONDS = 3.0
_LINE_SECONDS = 60.0
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
    tasks : dict
        Keys of the tasks that each worker runs or has in its queue, by address, of all users of
        the scheduler; as of the last `refresh`.
    dying : set of str
        Addresses of workers that were stopped but are still listed.
    asked : float
        When the scheduler was asked for ``tasks``, on the monotonic clock; 0 to ask it again.
    """

    def __init__(self, client: "Client", patience_seconds: float) -> None:
        self._client = client
        self._patience = patience_seconds
        self.tasks: dict[str, frozenset[str]] = {}
        self.dying: set[str] = set()
        self.asked = 0.0
        self._alone_since: float | None = None
        self._said = 0.0
        self.refresh()

    @property
    def workers(self) -> tuple[str, ...]:
        """Addresses of the workers at the last `refresh`."""
        return tuple(self.tasks)

    def refresh(self, *, now: bool = False) -> None:
        """Update ``tasks`` and with it ``workers``, at most once a second unless ``now``.

        While there is no worker, a line a minute says so: one may be on its way.

        Raises
        ------
        WorkerLostError
            There has been no worker for too long, or the scheduler does not answer.
        """
        asked = time.monotonic()
        if self.tasks and not now and asked - self.asked < _REFRESH_SECONDS:
            return
        try:
            tasks = self._client.processing()
            self.tasks = {worker: frozenset(map(str, tasks[worker])) for worker in sorted(tasks)}
        except Exception as error:  # a closed client raises various errors
            raise WorkerLostError(f"the Dask scheduler does not answer: {error}") from error
        self.asked = asked
        self.dying &= set(self.tasks)
        if self.tasks:
            self._alone_since, self._said = None, 0.0
            return
        self._alone_since = self._alone_since or asked
        alone = asked - self._alone_since
        if alone > self._patience:
            raise WorkerLostError(f"no Dask worker for {self._patience:.0f} s")
        if alone >= self._said + _LINE_SECONDS:
            self._said = alone
            _LOG.warning("no Dask worker for %.0f s; waiting for one to join", alone)

    def doubt(self) -> None:
        """Make the next `refresh` ask the scheduler, even if the last answer is recent."""
        self.asked = 0.0

    def stop(self, worker: str, key: str | None, *, begun: bool = True) -> None:
        """Kill the process of a worker; its nanny starts a new one.

        A worker without a nanny cannot be stopped: it must get no further job.

        Parameters
        ----------
        worker : str
            Address of the worker.
        key : str or None
            The process is killed only while it runs this job. None: whatever it does, as nobody
            else uses it.
        begun : bool
            Whether the job has begun, as far as is known.
        """

        def learn(killed: Mapping[str, Any]) -> None:
            was_killed = killed.get(worker)
            if was_killed:
                self.dying.add(worker)
            elif was_killed is False:  # the job has ended meanwhile, or never began
                self.dying.discard(worker)

        if begun:
            self.dying.add(worker)
        self.tell(worker_job.kill_process, worker, key, workers=[worker], nanny=True, then=learn)

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

    def tell(
        self,
        function: Callable[..., Any],
        *args: Any,
        then: Callable[[Mapping[str, Any]], None] | None = None,
        **where: Any,
    ) -> None:
        """Run ``function`` on workers, or their nannies, without waiting for it.

        A worker that runs native code may not respond. ``then`` is called with the answers, by
        address, in another thread.
        """

        def tell() -> None:
            try:
                answers = self._client.run(function, *args, on_error="ignore", **where)
                if then is not None:
                    then(answers or {})
            except Exception as error:  # gone already
                _LOG.info("%s: %s", function.__name__, error)

        threading.Thread(target=tell, name="tell-workers", daemon=True).start()

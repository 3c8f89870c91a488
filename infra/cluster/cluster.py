"""Dask workers: started on this machine, or those of a running scheduler by address."""

import logging
import multiprocessing
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from espalier.infra.cluster.demand import Demand
from espalier.infra.cluster.job_keys import new_run_mark
from espalier.infra.processes.import_path import SAFE_PATH, without_working_folder
from espalier.pipelines.errors import UserError, WorkerLostError
from espalier.pipelines.redaction import redact
from espalier.pipelines.resources.memory import worker_memory

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

_LOG = logging.getLogger(__name__)

# Share of its memory limit above which the nanny ends a worker.
_TERMINATE_SHARE = 0.95
_LINE_SECONDS = 60.0
# Every trial needs these; importing them takes seconds.
WARM = ("espalier.pipelines.learners.candidate", "sklearn.linear_model", "sklearn.ensemble")

_METHOD = "distributed.worker.multiprocessing-method"
_VARIABLES = "distributed.nanny.pre-spawn-environ"


class Cluster:
    """A Dask client, and its local workers if no scheduler address is given.

    Starting takes seconds, so `start` does it in the background, and `client` waits for it. Local
    workers are processes that import the main module again, so a script that uses this class
    needs ``if __name__ == "__main__":``; the console script has it.

    Parameters
    ----------
    address : str or None
        Address of a running scheduler; None to start local workers.
    n_workers : int
        Number of local worker processes.
    memory_limit : str or None
        Memory limit of each local worker, such as ``4GiB``; None for an equal share of 80 % of
        the memory.
    n_threads : int
        Threads that the native libraries of a worker may use.
    start_seconds : float
        Time limit for starting. By address, it is how long to wait for a first worker, which an
        adaptive cluster or a queue of jobs may start only when it sees that work waits.
    dashboard : bool
        Whether the local scheduler serves Dask's dashboard.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        n_workers: int = 1,
        memory_limit: str | None = None,
        n_threads: int = 1,
        start_seconds: float = 120.0,
        dashboard: bool = False,
    ) -> None:
        self.address = address
        self.n_workers = n_workers
        self.memory_limit = memory_limit
        self.n_threads = n_threads
        self.start_seconds = start_seconds
        self.dashboard = dashboard
        self._client: Client | None = None
        self._own: LocalCluster | None = None
        self._config: AbstractContextManager[Any] | None = None
        self._environment: dict[str, str | None] = {}
        self._problem: Exception | None = None
        self._starting: threading.Thread | None = None

    def start(self) -> Self:
        """Begin to start in the background; errors are raised by `client`."""
        if self._starting is None:
            self._starting = threading.Thread(target=self._start, name="start-dask", daemon=True)
            self._starting.start()
        return self

    @property
    def client(self) -> "Client":
        """The connected client, once there is at least one worker.

        Raises
        ------
        UserError
            No scheduler answers at the address.
        WorkerLostError
            Local workers cannot be started, or the scheduler has no workers.
        """
        self.start()
        if self._starting is not None:
            self._starting.join()
        if self._problem is not None:
            raise self._problem
        assert self._client is not None
        return self._client

    def close(self) -> None:
        """Close the client and end local workers; may be called twice."""
        if self._starting is not None:
            self._starting.join()
        client, self._client = self._client, None
        own, self._own = self._own, None
        for each in (client, own):
            if each is not None:
                try:
                    each.close(timeout=10)
                except Exception as error:  # the processes end with this one in any case
                    _LOG.warning("closing Dask: %s", error)
        config, self._config = self._config, None
        if config is not None:
            config.__exit__(None, None, None)
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._environment = {}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self) -> None:
        try:
            if self.address is None:
                self._start_own()
            else:
                self._connect(self.address)
        except Exception as error:
            self._problem = error

    def _start_own(self) -> None:
        import dask
        from distributed import LocalCluster

        from espalier.infra.cluster.client import ClosingClient
        from espalier.infra.cluster.worker import IgnoreInterrupts, WarmUp

        config = _own_config(self.n_threads)
        # Dask puts the workers' variables into this process's environment and leaves them there.
        self._environment = {
            name: os.environ.get(name)
            for name in (*config[_VARIABLES], "PYTHONHASHSEED", SAFE_PATH)
        }
        # Set here already: helper processes of multiprocessing start before the workers and pass
        # the import path of this process to each of them.
        os.environ[SAFE_PATH] = without_working_folder()[SAFE_PATH]
        # Kept until `close`: the cluster reads some of these settings when a worker leaves.
        self._config = dask.config.set(config)
        _preload_forkserver()
        try:
            self._own = LocalCluster(
                n_workers=self.n_workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                memory_limit=worker_memory(self.memory_limit, self.n_workers),
                dashboard_address="127.0.0.1:0",  # a free port, closed to other machines
                scheduler_kwargs={"dashboard": self.dashboard},
                silence_logs=False,
                timeout=self.start_seconds,
            )
        except (RuntimeError, OSError, TimeoutError) as error:
            raise WorkerLostError(
                f"the {self.n_workers} Dask worker(s) cannot be started: {error}; in a script, "
                "put the call below `if __name__ == '__main__':`"
            ) from error
        self._client = ClosingClient(self._own, timeout=self.start_seconds, set_as_default=False)
        self._client.register_plugin(IgnoreInterrupts())
        self._client.register_plugin(WarmUp(WARM))

    def _connect(self, address: str) -> None:
        from espalier.infra.cluster.client import ClosingClient
        from espalier.infra.cluster.worker import WarmUp

        shown = redact(address)
        try:
            self._client = ClosingClient(
                address, timeout=min(self.start_seconds, 30.0), set_as_default=False
            )
        except Exception as error:  # Dask raises various errors for an invalid address
            raise UserError(
                f"no Dask scheduler answers at {shown!r}; check the address, such as "
                f"tcp://host:8786 ({redact(str(error)) or type(error).__name__})"
            ) from None
        _await_worker(self._client, shown, self.start_seconds)
        self._client.register_plugin(WarmUp(WARM))


@contextmanager
def open_cluster(
    address: str | None,
    n_workers: int,
    memory_limit: str | None = None,
    *,
    n_threads: int = 1,
    start_seconds: float = 120.0,
) -> "Iterator[Client]":
    """Yield a connected client for the block; arguments as in `Cluster`."""
    with Cluster(
        address,
        n_workers=n_workers,
        memory_limit=memory_limit,
        n_threads=n_threads,
        start_seconds=start_seconds,
    ) as cluster:
        yield cluster.client


def _await_worker(client: "Client", shown: str, seconds: float) -> None:
    """Wait for a first worker, with a line a minute; show the scheduler that work waits.

    Raises
    ------
    WorkerLostError
        There is none after ``seconds``.
    """
    demand, waited = Demand(client, new_run_mark()), 0.0
    while not client.processing():
        if waited >= seconds:
            raise WorkerLostError(f"the Dask scheduler at {shown!r} has no workers")
        if waited:
            _LOG.warning(
                "the Dask scheduler at %r has no workers for %.0f s; waiting for one to join",
                shown,
                waited,
            )
        demand.show(1)
        pause = min(_LINE_SECONDS, seconds - waited)
        waited += pause
        with suppress(TimeoutError):
            client.wait_for_workers(1, timeout=pause)
    demand.show(0)


def _preload_forkserver() -> None:
    """Let the fork server, from which workers are forked, import once what all of them need."""
    import dask
    from distributed.utils import get_mp_context

    context = get_mp_context()
    if dask.config.get(_METHOD) == "forkserver":
        context.set_forkserver_preload(
            ["distributed.nanny", "espalier.infra.cluster.worker", *WARM]
        )


def _own_config(n_threads: int) -> Mapping[str, Any]:
    """Return Dask's configuration for local workers."""
    threads = str(n_threads)
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    return {
        # A worker forked from a process that has imported everything starts in a fifth of the
        # time, also if it replaces a killed one. That process runs nothing else.
        _METHOD: "forkserver" if forks else "spawn",
        # A trial whose worker dies is not retried by Dask on another worker.
        "distributed.scheduler.allowed-failures": 0,
        "distributed.scheduler.work-stealing": False,
        # With the default of 15 s, a worker that is still restarting at that moment is given up:
        # Dask checks only once whether it is back.
        "distributed.deploy.lost-worker-timeout": "1000d",
        # Workers hold no Dask data worth spilling, and a paused one would never take a trial.
        "distributed.worker.memory.target": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.terminate": _TERMINATE_SHARE,
        "distributed.worker.profile.enabled": False,
        # Native fits hold the interpreter lock for long; that needs no warning.
        "distributed.admin.tick.limit": "1h",
        "distributed.comm.timeouts.connect": "60s",
        "distributed.comm.timeouts.tcp": "120s",
        _VARIABLES: {
            "MALLOC_TRIM_THRESHOLD_": "65536",
            "OMP_NUM_THREADS": threads,
            "MKL_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            # Log messages of workers must not appear on the user's terminal.
            "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical",
        },
    }

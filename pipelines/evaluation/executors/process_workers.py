"""A fixed number of worker processes on this machine; each that ends is replaced."""

import tempfile
from collections.abc import Sequence
from multiprocessing.connection import wait as wait_for_any
from pathlib import Path

import cloudpickle

from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.worker_process import WorkerProcess
from espalier.pipelines.evaluation.executors.workers import WorkerHandle

# If this many workers in a row die before they are ready, no further one is started.
_MAX_FAILED_STARTS = 3


class ProcessWorkers:
    """Worker processes; implements `workers.WorkerSet`.

    The context is pickled to a file once, from which every worker loads it.

    Parameters
    ----------
    context : EvaluationContext
        Data and settings that trials need.
    n_workers : int
        Number of processes.

    Attributes
    ----------
    context_path : Path
        File of the pickled context.
    processes : list of WorkerProcess
        The workers, ready or starting.
    """

    on_this_machine = True

    def __init__(self, context: EvaluationContext, n_workers: int) -> None:
        self.n_workers = n_workers
        self._n_threads = context.n_threads
        self._n_started = 0
        self._failed_starts = 0
        self._folder = tempfile.TemporaryDirectory(prefix="espalier-", ignore_cleanup_errors=True)
        self.context_path = Path(self._folder.name) / "context.pickle"
        with self.context_path.open("wb") as file:
            cloudpickle.dump(context, file, protocol=5)
        self.processes = [self._new_worker() for _ in range(n_workers)]

    @property
    def any_ready(self) -> bool:
        """Whether a worker is ready for jobs."""
        return any(worker.ready for worker in self.processes)

    def free(self) -> Sequence[WorkerProcess]:
        """Return the workers that are ready and idle."""
        return [worker for worker in self.processes if worker.idle]

    def want(self, n_jobs: int) -> None:
        """Do nothing: the number of processes is fixed."""

    def wait(self, seconds: float) -> None:
        """Wait until a worker sends a message or dies, at most ``seconds``.

        Raises
        ------
        WorkerLostError
            No worker can be started.
        """
        speaking = wait_for_any([worker.connection for worker in self.processes], timeout=seconds)
        for worker in [each for each in self.processes if each.connection in speaking]:
            self._receive(worker)

    def interrupt(self, workers: Sequence[WorkerHandle]) -> None:
        """Ask workers to interrupt their jobs and answer with partial results."""
        for worker in self.processes:
            if worker in workers:
                worker.interrupt()

    def kill(self, worker: WorkerHandle) -> None:
        """Kill a worker and start another in its place."""
        if isinstance(worker, WorkerProcess) and worker in self.processes:
            worker.kill()
            self._replace(worker)

    def close(self) -> None:
        """Kill the busy workers and end the others; may be called twice."""
        for worker in self.processes:
            worker.close()
        self.processes = []
        self._folder.cleanup()

    def _receive(self, worker: WorkerProcess) -> None:
        """Receive the message of a worker; replace the worker if it has died."""
        try:
            worker.receive()
        except (EOFError, OSError):
            worker.bury()
            self._replace(worker)
            self._failed_starts = 0 if worker.ready else self._failed_starts + 1
            if self._failed_starts >= _MAX_FAILED_STARTS:
                raise WorkerLostError(
                    f"no worker process can start: {worker.last_words() or 'it says nothing'}"
                ) from None
        else:
            self._failed_starts = 0

    def _replace(self, worker: WorkerProcess) -> None:
        self.processes[self.processes.index(worker)] = self._new_worker()

    def _new_worker(self) -> WorkerProcess:
        self._n_started += 1
        errors = Path(self._folder.name) / f"worker-{self._n_started}.txt"
        return WorkerProcess(self.context_path, self._n_threads, errors)

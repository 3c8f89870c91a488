"""Notice which of the jobs that workers were given have begun, and when none does any more."""

from collections.abc import Callable

from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.executors.job import RunningJob
from espalier.pipelines.evaluation.executors.workers import Work, WorkerHandle

# If this many jobs a worker in a row do not begin, the workers are of no use.
_MAX_NOT_BEGUN = 3


class BeginWatch:
    """The jobs that were given to a worker and of which it is not known yet that they have begun.

    Parameters
    ----------
    on_start : callable or None
        Called with each trial or member that begins.
    """

    def __init__(self, on_start: Callable[[Work], None] | None) -> None:
        self._on_start = on_start
        self._untold: list[RunningJob] = []
        self._not_begun = 0

    def give(self, work: Work, worker: WorkerHandle) -> None:
        """Tell of a job that is about to be given to a worker that begins at once."""
        if worker.begins_at_once:
            self._tell(work)

    def add(self, running: RunningJob) -> None:
        """Watch a job that was given to a worker, until it has begun."""
        if not running.worker.begins_at_once:
            self._untold.append(running)

    def update(self) -> None:
        """Tell of the jobs that have begun since the last time."""
        for each in tuple(self._untold):
            if each.has_begun:
                self.ended(each)

    def ended(self, running: RunningJob) -> None:
        """Tell of a job that has begun, as its worker says or as it has an end."""
        if self.forget(running):
            self._not_begun = 0
            self._tell(running.job.work)

    def forget(self, running: RunningJob) -> bool:
        """Watch a job no longer; return whether it was watched."""
        if running not in self._untold:
            return False
        self._untold.remove(running)
        return True

    def clear(self) -> None:
        """Watch no job any more."""
        self._untold.clear()

    def not_begun(self) -> None:
        """Count a job that an idle worker was given and did not begin in time."""
        self._not_begun += 1

    def check(self, n_workers: int) -> None:
        """Raise if the workers do not begin jobs any more.

        One worker that hangs costs some time; only if no worker begins anything, it is over.

        Raises
        ------
        WorkerLostError
            Several jobs a worker in a row were not begun.
        """
        if self._not_begun >= _MAX_NOT_BEGUN * n_workers:
            n_jobs, self._not_begun = self._not_begun, 0
            raise WorkerLostError(
                f"the workers do not begin: {n_jobs} jobs in a row were given to workers, and none "
                "has begun; see what the workers do, and their logs"
            )

    def _tell(self, work: Work) -> None:
        if self._on_start is not None:
            self._on_start(work)

"""Fair sharing of a scheduler's workers between runs: who may start a job where.

There is no arbiter. Every run sees the same list, the tasks that the scheduler has assigned to each
worker, and follows the same rules (docs/decisions/0054-sharing-a-scheduler.md):

1. A worker without a task is free for everybody.
2. A run's fair share is the number of workers by the number of runs, rounded up. A run that has its
   share leaves a free worker to the runs that wait.
3. A run below its share that finds no free worker gives a job to a busy one. There it waits behind
   the job that runs: the worker takes its tasks in the order in which they came.

So a new run gets its share as soon as running jobs end, none of which is stopped for it, and a
single worker goes round.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from zlib import crc32

from espalier.infra.cluster.job_keys import run_of


@dataclass(frozen=True)
class WorkerTasks:
    """The tasks that a scheduler has assigned to its workers, as one run sees them.

    Attributes
    ----------
    run : str
        Mark of the run (`job_keys`).
    tasks : mapping
        Keys of the tasks that each worker runs or has in its queue, by address.
    scatter : bool
        Whether the order of the workers differs between runs: those that start at the same time
        would otherwise all begin with the same worker.
    recent : frozenset of str
        Marks of the runs that had a job a moment ago: between two jobs, a run has none to be seen.
    """

    run: str
    tasks: Mapping[str, Collection[str]]
    scatter: bool = True
    recent: frozenset[str] = frozenset()

    @cached_property
    def n_runs(self) -> int:
        """Number of runs with a job, this one included; other programs are not runs."""
        return len(self.runs | self.recent | {self.run})

    @cached_property
    def runs(self) -> frozenset[str]:
        """Marks of the runs with a job on a worker."""
        marks = (run_of(key) for keys in self.tasks.values() for key in keys)
        return frozenset(mark for mark in marks if mark is not None)

    @property
    def share(self) -> int:
        """Number of workers that are this run's fair share, at least 1."""
        return max(1, -(-len(self.tasks) // self.n_runs))

    @cached_property
    def n_own(self) -> int:
        """Number of this run's jobs on workers."""
        return sum(self.run == run_of(key) for keys in self.tasks.values() for key in keys)

    @cached_property
    def idle(self) -> tuple[str, ...]:
        """Workers without a task, in a fixed order."""
        idle = [worker for worker, keys in self.tasks.items() if not keys]
        return tuple(sorted(idle, key=self._place))

    def others_on(self, worker: str) -> frozenset[str]:
        """Return the tasks of others on a worker."""
        keys = self.tasks.get(worker, ())
        return frozenset(key for key in keys if run_of(key) != self.run)

    def others_wait(self, begun: Collection[str]) -> bool:
        """Whether a job of another run waits for its turn, or is about to come.

        Parameters
        ----------
        begun : collection of str
            Keys of this run's jobs that have begun.
        """
        if self.recent - self.runs - {self.run}:
            return True
        return any(self._somebody_waits(keys, begun) for keys in self.tasks.values())

    def queues(self, n: int) -> list[str]:
        """Return ``n`` busy workers, at most, at which a job of this run may wait.

        It has no job there yet. The shortest queues come first, and of these the workers of the run
        that has most.
        """
        if n <= 0:
            return []
        n_jobs: dict[str | None, int] = {}
        for keys in self.tasks.values():
            for key in keys:
                n_jobs[run_of(key)] = n_jobs.get(run_of(key), 0) + 1

        def order(worker: str) -> tuple[int, int, object]:
            keys = self.tasks[worker]
            return len(keys), -max(n_jobs[run_of(key)] for key in keys), self._place(worker)

        open_to_us = [
            worker
            for worker, keys in self.tasks.items()
            if keys and not any(run_of(key) == self.run for key in keys)
        ]
        return sorted(open_to_us, key=order)[:n]

    def without(self, workers: Collection[str]) -> "WorkerTasks":
        """Return the same without some workers, which this run must not use."""
        left = {worker: keys for worker, keys in self.tasks.items() if worker not in workers}
        return replace(self, tasks=left)

    def _somebody_waits(self, keys: Collection[str], begun: Collection[str]) -> bool:
        others = [key for key in keys if run_of(key) not in (None, self.run)]
        if not others:
            return False
        if any(run_of(key) == self.run and key in begun for key in keys):
            return True  # ours runs, and theirs comes after it
        return len(keys) - any(run_of(key) == self.run for key in keys) > 1

    def _place(self, worker: str) -> tuple[int, str]:
        return crc32(f"{self.run} {worker}".encode()) if self.scatter else 0, worker


def fair_workers(
    view: WorkerTasks, begun: Collection[str], idle_for_long: Collection[str]
) -> tuple[Sequence[str], Sequence[str]]:
    """Return the free workers that a run may take now, and busy ones at which it may queue.

    Parameters
    ----------
    view : WorkerTasks
        The tasks of all workers that may be used.
    begun : collection of str
        Keys of the run's jobs that have begun.
    idle_for_long : collection of str
        Workers that were left to others, who did not take them; a run that waits may be unable to.
    """
    idle: Sequence[str] = view.idle
    if view.others_wait(begun):
        own = max(0, view.share - view.n_own)
        idle = [*idle[:own], *(worker for worker in idle[own:] if worker in idle_for_long)]
    return idle, view.queues(view.share - view.n_own - len(idle))

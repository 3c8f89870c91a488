"""Dask workers for a `JobPool`: each is addressed directly and has one job of the run at a time.

Each job is a Dask task pinned to one worker, so that it is known which worker to stop. If a worker
dies, the future of its job ends in one of several ways (an error, a cancellation, or no news, as
the address never comes back): `DaskWorker.look` tells them apart.

The scheduler may have other users. `sharing` says which workers this run may use, and
docs/decisions/0054-sharing-a-scheduler.md why.
"""

import logging
import queue
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from espalier.infra.cluster import worker_job
from espalier.infra.cluster.demand import Demand
from espalier.infra.cluster.host_claim import HostClaim
from espalier.infra.cluster.job_keys import new_run_mark, run_of
from espalier.infra.cluster.roster import WorkerRoster
from espalier.infra.cluster.shared_context import SharedContext
from espalier.infra.cluster.sharing import WorkerTasks, fair_workers
from espalier.infra.cluster.worker_handle import DaskJobs, DaskWorker
from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.executors.workers import WorkerGoneError, WorkerHandle

if TYPE_CHECKING:
    from distributed import Client

_LOG = logging.getLogger(__name__)

# A free worker that is left to other runs is taken after this long: they may be stuck.
_YIELD_SECONDS = 3.0
# So long a run whose jobs have all ended is taken to be about to submit another one.
_RECENT_SECONDS = 2.0
# A worker that has not begun a job gets none for this long, if there is another one.
_AVOID_SECONDS = 120.0


class DaskWorkerSet:
    """The workers of a client; implements `executors.workers.WorkerSet`.

    Parameters
    ----------
    client : Client
        A connected client; its workers may join and leave.
    shared : SharedContext
        The evaluation context for the jobs; closed together with the set.
    patience_seconds : float
        How long to wait for a worker if there is none.
    claim : HostClaim or None
        What this run may use of this machine, if the workers are its own; None for all of it.
    """

    def __init__(
        self,
        client: "Client",
        shared: SharedContext,
        *,
        patience_seconds: float = 120.0,
        claim: HostClaim | None = None,
    ) -> None:
        self.client = client
        self.shared = shared
        self.roster = WorkerRoster(client, patience_seconds)
        self.run = new_run_mark()
        self.topic = f"espalier-{uuid4().hex}"
        self._claim = claim
        self._demand = Demand(client, self.run)
        self._working: dict[str, DaskWorker] = {}
        self._wake: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._jobs = DaskJobs(
            client=client,
            shared=shared,
            roster=self.roster,
            run=self.run,
            topic=self.topic,
            working=self._working,
            wake=self.wake,
        )
        self._idle_since: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._is_closed = False
        self._avoided: dict[str, float] = {}
        client.subscribe_topic(self.topic, self._job_began)
        if claim is not None:
            claim.watch(lambda: len(self._working))

    @property
    def n_workers(self) -> int:
        """Number of workers that this run may use, at least 1: its fair share, if it has to."""
        if self._claim is not None:
            return max(1, self._claim.n_workers)
        return self._view().share

    @property
    def on_this_machine(self) -> bool:
        """Whether all workers are on this machine, and nobody else's."""
        return self.shared.is_local

    def free(self) -> Sequence[DaskWorker]:
        """Return the workers that can be given a job, those where it need not wait first.

        Raises
        ------
        WorkerLostError
            There has been no worker for too long, or the scheduler does not answer.
        """
        self._look_around(now=not self.on_this_machine)
        idle, queues = fair_workers(self._view(), self._begun(), self._left_over())
        if self._claim is not None:
            n_more = self._claim.n_workers - len(self._working)
            idle, queues = idle[: max(0, n_more)], ()
        return [DaskWorker(self._jobs, name) for name in (*idle, *queues)]

    def want(self, n_jobs: int) -> None:
        """Show the scheduler, or the machine's other runs, how many jobs wait."""
        if not self.on_this_machine:
            self._demand.show(n_jobs)
        elif self._claim is not None:
            self._claim.need(n_jobs)
            self._grow(min(self._claim.n_workers, len(self._working) + n_jobs))

    def wait(self, seconds: float) -> None:
        """Wait until a job may have begun or ended, ``seconds`` at most.

        Raises
        ------
        WorkerLostError
            There has been no worker for too long, or the scheduler does not answer.
        """
        with suppress(queue.Empty):
            key = self._wake.get(timeout=seconds) if seconds > 0 else self._wake.get_nowait()
            # Skip notifications of jobs that have ended already.
            while key not in self._working:
                key = self._wake.get_nowait()
        self._look_around()

    def interrupt(self, workers: Sequence[WorkerHandle]) -> None:
        """Ask workers to interrupt their jobs, with one message to all."""
        asked = [
            (key, worker.name)
            for key, worker in self._working.items()
            if worker in workers and worker.name in self.roster.workers
        ]
        if asked:
            keys, names = zip(*asked, strict=True)
            self.roster.tell(worker_job.interrupt, keys, workers=sorted(set(names)))

    def kill(self, worker: WorkerHandle) -> None:
        """Stop the job of a worker; its process is killed if it runs that job, or is our own."""
        assert isinstance(worker, DaskWorker)
        has_begun = worker.began is not None
        if not has_begun and worker.turn is not None:
            self._avoided[worker.name] = time.monotonic() + _AVOID_SECONDS
        worker.drop_job()
        if self.on_this_machine:
            self.roster.stop(worker.name, None)
        elif self._is_alone_on(worker.name):
            self.roster.stop(worker.name, worker.key, begun=has_begun)
        else:
            _LOG.warning("%s is left alone: it has tasks of other programs", worker.name)
            self.roster.tell(worker_job.interrupt, (worker.key,), workers=[worker.name])

    def close(self) -> None:
        """Stop the jobs of this run, no others; may be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        self._demand.show(0)
        for worker in tuple(self._working.values()):
            self.kill(worker)
        self.roster.await_deaths()
        with suppress(Exception):  # a closed client raises various errors
            self.client.unsubscribe_topic(self.topic)
        self.shared.close()

    def wake(self, key: str) -> None:
        """Make `wait` return, as a task has changed; may be called from any thread."""
        self._wake.put(key)

    def _view(self) -> WorkerTasks:
        """Return the tasks of the workers that may be used."""
        # Of its own jobs the run knows more than the scheduler has told last.
        tasks = {
            name: {key for key in keys if run_of(key) != self.run}
            for name, keys in self.roster.tasks.items()
        }
        for key, worker in self._working.items():
            if worker.name in tasks:
                tasks[worker.name].add(key)
        now = time.monotonic()
        recent = frozenset(run for run, seen in self._seen.items() if now - seen < _RECENT_SECONDS)
        view = WorkerTasks(self.run, tasks, scatter=not self.on_this_machine, recent=recent)
        self._avoided = {name: end for name, end in self._avoided.items() if now < end}
        usable = view.without(self.roster.dying)
        better = usable.without(self._avoided)
        return better if better.tasks else usable

    def _begun(self) -> set[str]:
        return {key for key, worker in self._working.items() if worker.began is not None}

    def _left_over(self) -> set[str]:
        """Return the workers that were left to others, who did not take them."""
        end = time.monotonic() - _YIELD_SECONDS
        return {name for name, since in self._idle_since.items() if since < end}

    def _look_around(self, *, now: bool = False) -> None:
        """Ask for the tasks of all workers; move jobs that wait to workers that became free."""
        waiting = [worker for worker in self._working.values() if worker.waits]
        self.roster.refresh(now=now or bool(waiting))
        moment = time.monotonic()
        view = self._view()
        seen = self._seen | dict.fromkeys(view.runs - {self.run}, moment)
        self._seen = {run: last for run, last in seen.items() if moment - last < _RECENT_SECONDS}
        idle = dict.fromkeys(view.idle, moment)
        self._idle_since = {name: self._idle_since.get(name, moment) for name in idle}
        for worker in self._working.values():
            worker.notice(view.others_on(worker.name), self.roster.asked)
        room, left = view.share - len(self._begun()), self._left_over()
        free = [name for place, name in enumerate(idle) if place < room or name in left]
        for worker, name in zip([each for each in waiting if each.waits], free, strict=False):
            with suppress(WorkerGoneError, WorkerLostError):
                worker.move(name)

    def _is_alone_on(self, name: str) -> bool:
        """Whether no other program may be harmed if the worker's process is killed.

        Jobs of other runs that wait there go on elsewhere.
        """
        others = [key for key in self.roster.tasks.get(name, ()) if run_of(key) is None]
        if not others:
            return True
        with suppress(Exception):  # a closed client raises various errors
            return bool(self.client.nthreads().get(name, 1) == 1)
        return False

    def _grow(self, n_workers: int) -> None:
        """Start more workers of our own, if the machine has room for them now."""
        cluster = self.client.cluster
        if cluster is not None and len(cluster.worker_spec) < n_workers:
            cluster.scale(n_workers)

    def _job_began(self, event: tuple[float, Any]) -> None:
        """Handle the event that a job has begun; runs in a thread of the client."""
        key, name = event[1]["key"], event[1]["worker"]
        worker = self._working.get(key)
        if worker is not None:
            worker.began = time.monotonic()
            self._wake.put(key)
        else:  # it was taken back at this very moment
            self.roster.stop(name, key, begun=False)

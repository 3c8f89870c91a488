"""Jobs on Dask workers: one a worker, watched, and really stopped when their time is up.

Each job is one Dask task pinned to one worker, so that it is known where a job runs and whom to
stop. A worker that dies takes its job's future along in one of several ways (an error, a
cancellation, or silence, as its address never comes back); all of them end up as `JobResult`.
"""

import logging
import queue
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from espalier.infra.cluster import worker as dask_worker
from espalier.infra.cluster.job import Job, JobEnding, JobResult, RunningJob
from espalier.infra.cluster.roster import WorkerRoster
from espalier.infra.cluster.shared_context import SharedContext
from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.evaluate import short_error
from espalier.pipelines.evaluation.executors.base import DEADLY
from espalier.pipelines.evaluation.executors.memory_gate import MemoryGate
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialStatus

if TYPE_CHECKING:
    from distributed import Client

_LOG = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_MAX_STARTS = 3


class JobPool:
    """Runs jobs on the workers of a client.

    Parameters
    ----------
    client : Client
        Connected; workers may come and go.
    shared : SharedContext
        What jobs need.
    patience_seconds : float
        How long to wait for a worker when there is none.
    on_start : callable or None
        Told of each job when it is given to a worker.
    """

    def __init__(
        self,
        client: "Client",
        shared: SharedContext,
        *,
        patience_seconds: float = 120.0,
        on_start: Callable[[Job], None] | None = None,
    ) -> None:
        self._client = client
        self._shared = shared
        self._on_start = on_start
        self._topic = f"espalier-{uuid4().hex}"
        self._waiting: deque[Job] = deque()
        self._running: dict[str, RunningJob] = {}
        self._starts: dict[int, int] = {}
        self._deaths: Counter[int] = Counter()
        self._gate = MemoryGate()
        self._wake: queue.SimpleQueue[str] = queue.SimpleQueue()
        client.subscribe_topic(self._topic, self._job_began)
        self._roster = WorkerRoster(client, patience_seconds)

    @property
    def n_workers(self) -> int:
        """Workers there are, at least 1."""
        return max(1, len(self._roster.workers))

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Jobs that have not ended."""
        return (*(each.job for each in self._running.values()), *self._waiting)

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs that have been given to a worker."""
        return tuple(each.job for each in self._running.values())

    def add(self, job: Job) -> None:
        """Take on a job; it starts in `step`, when a worker is free."""
        self._waiting.append(job)

    def forget_waiting(self) -> None:
        """Drop the jobs that have not started."""
        self._waiting.clear()

    def step(
        self, seconds: float, limit_of: Callable[[Job], float | None] | None
    ) -> list[JobResult]:
        """Start what can be started, wait up to ``seconds`` and return what has ended.

        Parameters
        ----------
        seconds : float
            How long to wait at most; less when something ends.
        limit_of : callable or None
            Seconds a job may take, asked when it starts (None for no limit). None to start
            nothing.

        Raises
        ------
        WorkerLostError
            There is no worker, or no scheduler any more.
        """
        end = time.monotonic() + seconds
        self._roster.refresh()
        if limit_of is not None:
            self._dispatch(limit_of)
        nearest = min((each.seconds_to_kill for each in self._running.values()), default=seconds)
        self._sleep(max(0.0, min(seconds, _POLL_SECONDS, nearest)))
        self._roster.refresh()
        ended = []
        for each in list(self._running.values()):
            outcome = self._look_at(each)
            if outcome is not None:
                del self._running[each.key]
                self._starts.pop(id(each.job), None)
                self._deaths.pop(id(each.job), None)
                ended.append(outcome)
        # What ended is put on record next, for which no worker should wait.
        if ended and limit_of is not None and time.monotonic() < end:
            self._dispatch(limit_of)
        return ended

    def interrupt(self) -> None:
        """Ask all running jobs to stop with what they have."""
        keys = tuple(self._running)
        workers = {each.worker for each in self._running.values()} & set(self._roster.workers)
        if workers:
            self._roster.tell(dask_worker.interrupt, keys, workers=sorted(workers))

    def kill_running(self, reason: str) -> list[JobResult]:
        """Stop all running jobs for good."""
        ended = [self._kill(each, reason) for each in self._running.values()]
        self._running.clear()
        return ended

    def close(self) -> None:
        """Stop everything; the workers are free again. May be called twice."""
        self._waiting.clear()
        if self._running:
            self.kill_running("closed")
        self._roster.await_deaths()
        with suppress(ValueError, OSError):  # closed already
            self._client.unsubscribe_topic(self._topic)
        self._shared.close()

    # --- starting -----------------------------------------------------------------------------

    def _dispatch(self, limit_of: Callable[[Job], float | None]) -> None:
        busy = {each.worker for each in self._running.values()} | self._roster.dying
        for worker in self._roster.workers:
            here = self._shared.is_local  # elsewhere, this machine's memory says nothing
            if not self._waiting or (here and not self._gate.admits(len(self._running))):
                return
            if worker not in busy:
                job = self._waiting.popleft()
                try:
                    self._start(job, worker, limit_of(job))
                except Exception as error:
                    self._waiting.appendleft(job)
                    raise WorkerLostError(f"the Dask scheduler does not answer: {error}") from error

    def _start(self, job: Job, worker: str, limit: float | None) -> None:
        name = "trial" if isinstance(job, Trial) else "member"
        number = job.number if isinstance(job, Trial) else job.trial_number
        key = f"{name}-{number}-{uuid4().hex}"
        if self._on_start is not None:
            self._on_start(job)
        future = self._client.submit(
            dask_worker.run_job, job, key, self._topic, self._shared.digest, self._shared.source,
            limit, key=key, workers=[worker], allow_other_workers=False, pure=False, retries=0,
        )  # fmt: skip
        self._running[key] = RunningJob(job, key, future, worker, limit, time.monotonic())
        self._starts[id(job)] = self._starts.get(id(job), 0) + 1
        future.add_done_callback(lambda _: self._wake.put(key))

    # --- watching -----------------------------------------------------------------------------

    def _sleep(self, seconds: float) -> None:
        """Sleep until something may have ended, ``seconds`` at most."""
        try:
            key = self._wake.get(timeout=seconds) if seconds > 0 else self._wake.get_nowait()
            # A job of an earlier life says nothing about the ones that run now.
            while key not in self._running:
                key = self._wake.get_nowait()
        except queue.Empty:
            return

    def _look_at(self, running: RunningJob) -> JobResult | None:
        """Return what came of a job; None while it runs, or when it starts over."""
        status = running.future.status
        if status == "finished":
            return self._answer(running)
        if status == "error":
            return self._failed(running, running.future.exception())
        if status in ("cancelled", "lost"):
            return self._again(running, "its data were lost")
        if running.worker not in self._roster.workers:
            running.future.cancel()
            if running.began is None:
                return self._again(running, "its worker left")
            return self._died(running)
        if running.seconds_to_kill <= 0:
            if running.began is None:
                self._stop_worker(running)
                return self._again(running, "its worker did not begin")
            return self._kill(running, f"killed after {running.seconds:.1f} s, over its limit")
        return None

    def _answer(self, running: RunningJob) -> JobResult | None:
        try:
            answer = running.future.result(timeout=30)
        except TimeoutError:  # the worker has died with the answer; Dask runs the job again
            return None
        except Exception as error:
            return self._failed(running, error)
        if isinstance(answer, TrialOutcome):
            self._gate.note(answer)
            if answer.result.status is TrialStatus.MEMOUT and self._shared.is_local:
                self._stop_worker(running)  # what it took may not be given back
        return JobResult(
            job=running.job, how=JobEnding.ANSWERED, answer=answer, seconds=running.seconds,
            worker=running.worker,
        )  # fmt: skip

    def _failed(self, running: RunningJob, error: BaseException) -> JobResult | None:
        from distributed import CancelledError, KilledWorker

        if isinstance(error, KilledWorker):
            return self._died(running)
        if isinstance(error, CancelledError) or self._shared.lost:
            return self._again(running, "its data were lost")
        return JobResult(
            job=running.job, how=JobEnding.DIED, reason=short_error(error), seconds=running.seconds,
            worker=running.worker,
        )  # fmt: skip

    def _died(self, running: RunningJob) -> JobResult | None:
        """Return that a job took its worker down; None when it is tried once more.

        Something else may have killed the worker, so only the second time is a result.
        """
        self._roster.doubt()
        if self._roster.ended_for_memory(running.worker):
            how, reason = (
                JobEnding.MEMORY,
                "its worker was ended for using more memory than its limit",
            )
        else:
            how, reason = JobEnding.DIED, "its worker died while running it, twice"
            self._deaths[id(running.job)] += 1
            if self._deaths[id(running.job)] < DEADLY:
                return self._again(running, "its worker died")
        return JobResult(
            job=running.job, how=how, reason=reason, seconds=running.seconds, worker=running.worker
        )

    def _again(self, running: RunningJob, why: str) -> JobResult | None:
        """Put a job that was lost without its fault back in the queue, a few times at most."""
        self._roster.doubt()
        if self._starts.get(id(running.job), 0) >= _MAX_STARTS:
            return JobResult(
                job=running.job, how=JobEnding.DIED, reason=f"{why}, {_MAX_STARTS} times",
                worker=running.worker,
            )  # fmt: skip
        _LOG.warning("%s starts over: %s", running.key.rpartition("-")[0], why)
        del self._running[running.key]
        self._waiting.appendleft(running.job)
        return None

    # --- stopping -----------------------------------------------------------------------------

    def _kill(self, running: RunningJob, reason: str) -> JobResult:
        self._stop_worker(running)
        return JobResult(
            job=running.job, how=JobEnding.LATE, reason=reason, seconds=running.seconds,
            worker=running.worker,
        )  # fmt: skip

    def _stop_worker(self, running: RunningJob) -> None:
        """Drop the job and end the process it runs in."""
        running.future.cancel()
        self._roster.stop(running.worker)

    # --- what workers say (on the client's own thread) ----------------------------------------

    def _job_began(self, event: tuple[float, Any]) -> None:
        running = self._running.get(event[1]["key"])
        if running is not None:
            running.began = time.monotonic()

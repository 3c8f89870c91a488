"""Queue jobs, give them to workers, and stop them reliably at their time limit.

This state machine is shared by all executors whose workers are processes. It depends neither on
local processes nor on Dask: both implement `WorkerSet` and `WorkerHandle`. A job has these states:

=========  ==================================  ====================================================
state      event                               next
=========  ==================================  ====================================================
(none)     `add`                               queued, behind the others
queued     a worker and memory are free        given, with the seconds that are left for it
queued     that worker has just gone           queued, in its place
queued     the deadline has passed             queued: no job is started any more
queued     `forget_waiting`, `stop`            (none), without a result
given      the worker begins                   running: its seconds count from here
given      others' jobs come first             given: it waits as long as it takes
given      at its turn, it does not begin for  queued, in front, as it is not to blame; if nothing
           two minutes                         begins any more, the pool raises
given      its worker leaves                   lost
given      `stop`, `kill_running`              (none), without a result
running    `stop`                              asked to stop with a partial result: running
any        the worker answers                  ended ANSWERED; out of memory, a worker on this
                                               machine is killed, as it may keep the memory
any        its worker cannot run it            ended NOT_RUNNABLE
any        its data are gone                   lost
running    its worker dies                     queued, in front, as the cause may be another; the
                                               second time ended WORKER_LOST or, if that is the
                                               likely cause, OUT_OF_MEMORY
running    its worker dies, certainly through  ended OUT_OF_MEMORY or WORKER_LOST
           the job (its nanny says: memory)
running    its limit and a grace have passed   worker killed; ended TIMED_OUT
running    it is over its memory               worker killed; ended OUT_OF_MEMORY
any        `stop`'s patience is at its end     worker killed; ended STOPPED
lost       (at once)                           queued, in front; after three starts (those where
                                               others' jobs came first left out) WORKER_LOST
=========  ==================================  ====================================================

"Any" is given or running; `WorkerHandle.began` tells them apart. A trial that reaches its own limit
stops itself and answers, with the folds it has finished: the pool sees an answer, and no time-out.

The platforms differ in this: a local process is ready before it is given a job, so that a job is
never only "given"; the pool checks its memory; it dies with an exit status, and its set replaces
it. A Dask worker reports when it begins; its nanny checks its memory and restarts it; it may lose
the data of a job, may join late, and may be busy with the jobs of other runs.
"""

import logging
import time
from collections import deque
from collections.abc import Callable

from espalier.pipelines.evaluation.executors.base import DEADLY
from espalier.pipelines.evaluation.executors.begin_watch import BeginWatch
from espalier.pipelines.evaluation.executors.job import (
    GRACE_SECONDS,
    Job,
    JobEnding,
    JobResult,
    RunningJob,
    describe,
    limit_within,
)
from espalier.pipelines.evaluation.executors.memory_gate import MemoryGate
from espalier.pipelines.evaluation.executors.workers import (
    Answer,
    Death,
    Loss,
    Refusal,
    Work,
    WorkerGoneError,
    WorkerSet,
)
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import TrialOutcome, TrialStatus

_LOG = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
# Memory grows fast, so it is checked more often.
_MEMORY_POLL_SECONDS = 0.1
_MAX_STARTS = 3


class JobPool:
    """Runs jobs on workers, one per worker at a time.

    Parameters
    ----------
    workers : WorkerSet
        The workers; closed together with the pool.
    memory_limit_mb : float or None
        Resident memory of a worker in MiB above which it is killed; None to not check it.
    on_start : callable or None
        Called with each trial or member that starts: before it is given to a worker that begins at
        once, else when the worker reports that it has begun.
    gate : MemoryGate or None
        Holds jobs back while this machine is short of memory; None for the default gate.
    clock : callable
        Returns the current time in seconds; tests replace it to avoid waiting.
    """

    def __init__(
        self,
        workers: WorkerSet,
        *,
        memory_limit_mb: float | None = None,
        on_start: Callable[[Work], None] | None = None,
        gate: MemoryGate | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = workers
        self._memory_limit_mb = memory_limit_mb
        self._begins = BeginWatch(on_start)
        self._gate = gate or MemoryGate()
        self._clock = clock
        self._waiting: deque[Job] = deque()
        self._running: list[RunningJob] = []

    @property
    def n_workers(self) -> int:
        """Number of workers, at least 1."""
        return self._workers.n_workers

    @property
    def running(self) -> tuple[Work, ...]:
        """Trials and members that workers have been given."""
        return tuple(each.job.work for each in self._running)

    @property
    def pending(self) -> tuple[Work, ...]:
        """Trials and members that have not ended: running ones, then waiting ones."""
        return (*self.running, *(job.work for job in self._waiting))

    def add(self, work: Work) -> None:
        """Queue a trial or member; it starts in `step`, once a worker is free."""
        self._waiting.append(Job(work=work))

    def forget_waiting(self) -> None:
        """Drop the jobs that have not started."""
        self._waiting.clear()

    def step(self, seconds: float, deadline: Deadline | None) -> list[JobResult]:
        """Start jobs on free workers, wait up to ``seconds``, and return the results of ended jobs.

        Parameters
        ----------
        seconds : float
            How long to wait at most; it returns earlier if something happens.
        deadline : Deadline or None
            When started jobs must have ended; after it no job is started. None to start no job.

        Raises
        ------
        WorkerLostError
            There is no worker, and no new one can be expected.
        """
        self._begins.check(self.n_workers)
        self._dispatch(deadline)
        now = self._clock()
        nearest = min((each.seconds_to_kill(now) for each in self._running), default=seconds)
        poll = _POLL_SECONDS if self._memory_limit_mb is None else _MEMORY_POLL_SECONDS
        self._workers.wait(max(0.0, min(seconds, poll, nearest)))
        ended = []
        self._begins.update()
        for each in tuple(self._running):
            result = self._look_at(each)
            if result is not None:
                self._running.remove(each)
                self._begins.ended(each)
                ended.append(result)
        if ended:  # no worker should be idle while the caller records the results
            self._dispatch(deadline)
        self._workers.want(0 if deadline is None or deadline.passed else len(self._waiting))
        return ended

    def stop(self, reason: str, *, patience: float = GRACE_SECONDS) -> list[JobResult]:
        """Ask running jobs to stop, kill them after ``patience`` seconds, and return their results.

        Waiting jobs are dropped, including retries, and so are those that have not begun.
        """
        self.forget_waiting()
        self._take_back()
        self._workers.interrupt([each.worker for each in self._running])
        until = Deadline.after(patience, self._clock)
        ended: list[JobResult] = []
        while self._running and not until.passed:
            ended += self.step(until.seconds_left, None)
        self.forget_waiting()
        return ended + self.kill_running(reason)

    def kill_running(self, reason: str) -> list[JobResult]:
        """Kill the workers of all jobs that have begun, and return the results of these jobs.

        Jobs that have not begun are taken back, without a result.
        """
        self._take_back()
        running, self._running = self._running, []
        self._workers.want(len(self._waiting))
        return [self._kill(each, JobEnding.STOPPED, reason) for each in running]

    def close(self) -> None:
        """Drop all jobs, and stop the workers; may be called twice."""
        for jobs in (self._waiting, self._running, self._begins):
            jobs.clear()
        self._workers.close()

    def _dispatch(self, deadline: Deadline | None) -> None:
        """Give waiting jobs to free workers, in order."""
        if deadline is None or not self._waiting:
            return
        here = self._workers.on_this_machine  # else this machine's memory does not matter
        for worker in self._workers.free():
            if not self._waiting or deadline.passed:
                return
            if here and not self._gate.admits(len(self._running)):
                return
            job = self._waiting[0]
            limit = limit_within(job.work, deadline)
            self._begins.give(job.work, worker)
            try:
                worker.start(job.work, limit)
            except WorkerGoneError:
                continue
            self._waiting.popleft()
            self._running.append(RunningJob(job.started(), worker, limit))
            self._begins.add(self._running[-1])

    def _take_back(self) -> None:
        """Take back the jobs that have not begun."""
        for each in [each for each in self._running if not each.has_begun]:
            self._running.remove(each)
            self._begins.forget(each)
            self._workers.kill(each.worker)

    def _look_at(self, running: RunningJob) -> JobResult | None:
        """Return the result of a job; None while it runs, or if it will be tried again."""
        match running.worker.look():
            case Answer(value):
                return self._answered(running, value)
            case Death() as death:
                return self._died(running, death)
            case Loss(reason, waited):
                job = running.job.not_started() if waited else running.job
                return self._again(running, job, reason)
            case Refusal(reason):
                return running.result(self._clock(), JobEnding.NOT_RUNNABLE, reason)
            case None:
                return self._check_limits(running)

    def _check_limits(self, running: RunningJob) -> JobResult | None:
        now = self._clock()
        if running.seconds_to_kill(now) <= 0:
            if not running.has_begun:
                self._not_begun(running)
                return None
            reason = f"killed after {running.seconds(now):.1f} s, over its limit"
            return self._kill(running, JobEnding.TIMED_OUT, reason)
        used = running.worker.memory_mb
        if used is not None and used > (self._memory_limit_mb or float("inf")):
            reason = f"killed at {used:.0f} MiB of memory, over its limit"
            return self._kill(running, JobEnding.OUT_OF_MEMORY, reason)
        return None

    def _not_begun(self, running: RunningJob) -> None:
        """Take back a job whose worker does not begin, which is not the job's fault."""
        self._workers.kill(running.worker)
        self._begins.not_begun()
        self._again(running, running.job.not_started(), "its worker did not begin")

    def _answered(self, running: RunningJob, answer: object) -> JobResult:
        if isinstance(answer, TrialOutcome):
            self._gate.note(answer)
            if answer.result.status is TrialStatus.MEMOUT and self._workers.on_this_machine:
                self._workers.kill(running.worker)  # it may not return the memory
        return running.result(self._clock(), JobEnding.ANSWERED, answer=answer)

    def _died(self, running: RunningJob, death: Death) -> JobResult | None:
        job = running.job.died()
        ending = JobEnding.OUT_OF_MEMORY if death.of_memory else JobEnding.WORKER_LOST
        if death.certain:
            return running.result(self._clock(), ending, death.reason)
        if job.deaths < DEADLY:
            return self._again(running, job, death.reason)
        return running.result(self._clock(), ending, f"{death.reason}, twice")

    def _again(self, running: RunningJob, job: Job, reason: str) -> JobResult | None:
        """Put a job back to the front of the queue, unless it was started too often."""
        if job.starts >= _MAX_STARTS:
            said = f"{reason}, {_MAX_STARTS} times"
            return running.result(self._clock(), JobEnding.WORKER_LOST, said)
        _LOG.warning("%s starts over: %s", describe(job.work), reason)
        self._running.remove(running)
        self._begins.forget(running)
        self._waiting.appendleft(job)
        return None

    def _kill(self, running: RunningJob, ending: JobEnding, reason: str) -> JobResult:
        result = running.result(self._clock(), ending, reason)
        self._workers.kill(running.worker)
        return result

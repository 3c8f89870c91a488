"""Jobs on workers: queued, given out, watched, and really stopped when their time is up.

The one state machine of all executors whose workers are processes. It knows neither processes nor
Dask: those are behind `WorkerSet` and `WorkerHandle`. A job goes through these states:

=========  ==================================  ====================================================
state      event                               next
=========  ==================================  ====================================================
(none)     `add`                               queued, behind the others
queued     a worker is free, memory is there   given, with the seconds that are left for it
queued     that worker has just gone           queued, in its place
queued     the deadline has passed             queued: nothing is started any more
queued     `forget_waiting`, `stop`            (none), without a result
given      the worker begins                   running: its seconds count from here
given      it does not begin for two minutes   worker killed; lost
given      its worker leaves                   lost
running    `stop`                              asked to stop with what it has: running
any        the worker answers                  ended ANSWERED; if the trial ran out of memory, a
                                               worker on this machine is killed: what it took may
                                               not be given back
any        its worker cannot run it            ended NOT_RUNNABLE
any        its data are gone                   lost
running    its worker dies                     queued, in front, as something else may have killed
                                               it; the second time ended WORKER_LOST or, where that
                                               is likely, OUT_OF_MEMORY
running    its worker dies, certainly through  ended OUT_OF_MEMORY or WORKER_LOST
           the job (its nanny says: memory)
running    its limit and a grace have passed   worker killed; ended TIMED_OUT
running    it is over its memory               worker killed; ended OUT_OF_MEMORY
any        `stop`'s patience is at its end     worker killed; ended STOPPED
lost       (at once)                           queued, in front; after three starts ended
                                               WORKER_LOST
=========  ==================================  ====================================================

"Any" is given or running; whether a job is "given" or "running" is known by
`WorkerHandle.began`. A trial that reaches its own limit stops itself and answers, with the folds
it has finished: the pool sees an answer, and no time-out.

What differs between the platforms is with them, as it is really different: a local process is
ready before it is given a job, so that it never stays "given", is watched for its memory by the
pool, dies with an exit status and is replaced by its set; a Dask worker says when it begins, has a
nanny that watches its memory and starts it anew, may lose the data of a job, and may join late.
"""

import logging
import time
from collections import deque
from collections.abc import Callable

from espalier.pipelines.evaluation.executors.base import DEADLY
from espalier.pipelines.evaluation.executors.job import (
    GRACE_SECONDS,
    Job,
    JobEnding,
    JobResult,
    RunningJob,
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
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialStatus

_LOG = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
# Memory grows fast, so it is looked at more often.
_MEMORY_POLL_SECONDS = 0.1
_MAX_STARTS = 3


class JobPool:
    """Runs jobs on workers, one a worker at a time.

    Parameters
    ----------
    workers : WorkerSet
        Who works; closed together with the pool.
    memory_limit_mb : float or None
        Resident memory of a worker above which it is killed; None where nobody has to look.
    on_start : callable or None
        Told of each trial or member before it is given to a worker.
    gate : MemoryGate or None
        Holds jobs back while this machine is short of memory; None for the usual one.
    clock : callable
        Returns the current moment in seconds; injected so that tests need not wait.
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
        self._on_start = on_start
        self._gate = gate or MemoryGate()
        self._clock = clock
        self._waiting: deque[Job] = deque()
        self._running: list[RunningJob] = []

    @property
    def n_workers(self) -> int:
        """Workers there are, at least 1."""
        return self._workers.n_workers

    @property
    def running(self) -> tuple[Work, ...]:
        """What workers work on."""
        return tuple(each.job.work for each in self._running)

    @property
    def pending(self) -> tuple[Work, ...]:
        """What has not ended: running, then waiting."""
        return (*self.running, *(job.work for job in self._waiting))

    def add(self, work: Work) -> None:
        """Take on a trial or member; it starts in `step`, when a worker is free."""
        self._waiting.append(Job(work=work))

    def forget_waiting(self) -> None:
        """Drop the jobs that have not started."""
        self._waiting.clear()

    def step(self, seconds: float, deadline: Deadline | None) -> list[JobResult]:
        """Start what can be started, wait up to ``seconds`` and return what has ended.

        Parameters
        ----------
        seconds : float
            How long to wait at most; less when something happens.
        deadline : Deadline or None
            What is started must end by then; nothing starts once it has passed. None to start
            nothing.

        Raises
        ------
        WorkerLostError
            There is no worker, and there will be none.
        """
        self._dispatch(deadline)
        now = self._clock()
        nearest = min((each.seconds_to_kill(now) for each in self._running), default=seconds)
        poll = _POLL_SECONDS if self._memory_limit_mb is None else _MEMORY_POLL_SECONDS
        self._workers.wait(max(0.0, min(seconds, poll, nearest)))
        ended = []
        for each in tuple(self._running):
            result = self._look_at(each)
            if result is not None:
                self._running.remove(each)
                ended.append(result)
        if ended:  # they are put on record next, for which no worker should wait
            self._dispatch(deadline)
        return ended

    def stop(self, reason: str, *, patience: float = GRACE_SECONDS) -> list[JobResult]:
        """End all jobs: running ones are asked to stop and, after ``patience`` seconds, killed.

        Those that wait are forgotten, also one that is to be tried again.
        """
        self.forget_waiting()
        self._workers.interrupt([each.worker for each in self._running])
        until = Deadline.after(patience, self._clock)
        ended: list[JobResult] = []
        while self._running and not until.passed:
            ended += self.step(until.seconds_left, None)
        self.forget_waiting()
        return ended + self.kill_running(reason)

    def kill_running(self, reason: str) -> list[JobResult]:
        """Kill the workers of all running jobs."""
        running, self._running = self._running, []
        return [self._kill(each, JobEnding.STOPPED, reason) for each in running]

    def close(self) -> None:
        """Forget all jobs, and stop and let go of the workers; may be called twice."""
        self._waiting.clear()
        self._running.clear()
        self._workers.close()

    def _dispatch(self, deadline: Deadline | None) -> None:
        """Give waiting jobs to free workers, in the order in which they came."""
        if deadline is None or not self._waiting:
            return
        here = self._workers.on_this_machine  # elsewhere, this machine's memory says nothing
        for worker in self._workers.free():
            if not self._waiting or deadline.passed:
                return
            if here and not self._gate.admits(len(self._running)):
                return
            job = self._waiting[0]
            limit = _limit(job.work, deadline)
            if self._on_start is not None:
                self._on_start(job.work)
            try:
                worker.start(job.work, limit)
            except WorkerGoneError:
                continue
            self._waiting.popleft()
            self._running.append(RunningJob(job.started(), worker, limit, self._clock()))

    def _look_at(self, running: RunningJob) -> JobResult | None:
        """Return what came of a job; None while it runs, or when it is to be tried again."""
        match running.worker.look():
            case Answer(value):
                return self._answered(running, value)
            case Death() as death:
                return self._died(running, death)
            case Loss(reason):
                return self._again(running, running.job, reason)
            case Refusal(reason):
                return self._result(running, JobEnding.NOT_RUNNABLE, reason)
            case None:
                return self._check_limits(running)

    def _check_limits(self, running: RunningJob) -> JobResult | None:
        now = self._clock()
        if running.seconds_to_kill(now) <= 0:
            if running.worker.began is None:
                self._workers.kill(running.worker)
                return self._again(running, running.job, "its worker did not begin")
            reason = f"killed after {running.seconds(now):.1f} s, over its limit"
            return self._kill(running, JobEnding.TIMED_OUT, reason)
        if self._memory_limit_mb is not None:
            memory_mb = running.worker.memory_mb
            if memory_mb is not None and memory_mb > self._memory_limit_mb:
                reason = f"killed at {memory_mb:.0f} MiB of memory, over its limit"
                return self._kill(running, JobEnding.OUT_OF_MEMORY, reason)
        return None

    def _answered(self, running: RunningJob, answer: object) -> JobResult:
        if isinstance(answer, TrialOutcome):
            self._gate.note(answer)
            if answer.result.status is TrialStatus.MEMOUT and self._workers.on_this_machine:
                self._workers.kill(running.worker)  # what it took may not be given back
        return self._result(running, JobEnding.ANSWERED, answer=answer)

    def _died(self, running: RunningJob, death: Death) -> JobResult | None:
        job = running.job.died()
        ending = JobEnding.OUT_OF_MEMORY if death.of_memory else JobEnding.WORKER_LOST
        if death.certain:
            return self._result(running, ending, death.reason)
        if job.deaths < DEADLY:
            return self._again(running, job, death.reason)
        return self._result(running, ending, f"{death.reason}, twice")

    def _again(self, running: RunningJob, job: Job, reason: str) -> JobResult | None:
        """Put a job back in front of the queue, a few times at most."""
        if job.starts >= _MAX_STARTS:
            return self._result(running, JobEnding.WORKER_LOST, f"{reason}, {_MAX_STARTS} times")
        _LOG.warning("%s starts over: %s", _describe(job.work), reason)
        self._running.remove(running)
        self._waiting.appendleft(job)
        return None

    def _kill(self, running: RunningJob, ending: JobEnding, reason: str) -> JobResult:
        result = self._result(running, ending, reason)
        self._workers.kill(running.worker)
        return result

    def _result(
        self, running: RunningJob, ending: JobEnding, reason: str = "", *, answer: object = None
    ) -> JobResult:
        return JobResult(
            work=running.job.work,
            ending=ending,
            answer=answer,
            reason=reason,
            seconds=running.seconds(self._clock()),
            worker=running.worker.name,
        )


def _limit(work: Work, deadline: Deadline) -> float | None:
    """Return the seconds that work may take, its own limit and the deadline's; None for no end."""
    own = work.seconds_limit if isinstance(work, Trial) else None
    left = deadline.seconds_left
    limit = left if own is None else min(own, left)
    return None if limit == float("inf") else max(limit, 0.0)


def _describe(work: Work) -> str:
    if isinstance(work, Trial):
        return f"trial {work.number}"
    return f"the refit of trial {work.trial_number}"

"""Trials in processes of their own: in parallel, and really stopped when their time is up."""

import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import wait as wait_for_any
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import cloudpickle

from espalier.pipelines.errors import WorkerLostError
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.evaluate import MemberJob
from espalier.pipelines.evaluation.executors.base import DEADLY, ended_early
from espalier.pipelines.evaluation.executors.memory_gate import MemoryGate
from espalier.pipelines.evaluation.executors.worker_process import GRACE_SECONDS, WorkerProcess
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialStatus

if TYPE_CHECKING:
    from espalier.pipelines.learners.candidate import Candidate

_POLL_SECONDS = 0.5
# So many workers in a row that die before they can work mean that none ever will.
_MAX_FAILED_STARTS = 3
# Memory grows fast, so it is looked at more often.
_MEMORY_POLL_SECONDS = 0.1
_SIGKILL = 9


class ProcessExecutor:
    """Runs trials in worker processes on this machine.

    The context goes to a file once and from there into every worker. A trial past its limit is
    asked to stop, then its process is killed and replaced; so is one over its memory. A trial whose
    process dies is tried once more, as something else may have killed it; dying twice is a result.

    Parameters
    ----------
    context : EvaluationContext
        What trials need.
    n_workers : int
        Number of processes.
    memory_limit_mb : float or None
        Resident memory of a worker above which its trial ends as MEMOUT; None for no limit.
    """

    def __init__(
        self, context: EvaluationContext, n_workers: int, *, memory_limit_mb: float | None = None
    ) -> None:
        self.n_workers = n_workers
        self._n_threads = context.n_threads
        self._memory_limit_mb = memory_limit_mb
        self._queue: deque[Trial] = deque()
        self._finished: list[TrialOutcome] = []
        self._failed_starts = 0
        self._n_started = 0
        self._gate = MemoryGate()
        self._deaths: Counter[int] = Counter()
        self._folder = tempfile.TemporaryDirectory(prefix="espalier-", ignore_cleanup_errors=True)
        self._context_path = Path(self._folder.name) / "context.pickle"
        with self._context_path.open("wb") as file:
            cloudpickle.dump(context, file, protocol=5)
        self._workers = [self._new_worker() for _ in range(n_workers)]

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Trials submitted whose outcome has not been handed out, by number."""
        running = [each.job for each in self._workers if isinstance(each.job, Trial)]
        ended = [outcome.result.trial for outcome in self._finished]
        return tuple(sorted([*self._queue, *running, *ended], key=lambda trial: trial.number))

    def warm_up(self) -> float:
        """Wait until a worker can begin; return the seconds that it took.

        Raises
        ------
        WorkerLostError
            No worker can be started.
        """
        began = time.monotonic()
        while not any(worker.ready for worker in self._workers):
            self._collect(_POLL_SECONDS)
        return time.monotonic() - began

    def submit(self, trial: Trial) -> None:
        """Take on a trial; it starts in `wait`, when a worker is free."""
        self._deaths.pop(trial.number, None)
        self._queue.append(trial)

    def wait(self, deadline: Deadline) -> list[TrialOutcome]:
        """Block until a trial has ended, nothing is pending, or the deadline passes.

        Raises
        ------
        WorkerLostError
            No worker can be started.
        """
        while self.pending and not self._finished and not deadline.passed:
            self._dispatch(deadline)
            self._collect(min(self._poll_seconds, max(deadline.seconds_left, 0.0)))
        return self._hand_out()

    def stop_pending(self, reason: str) -> list[TrialOutcome]:
        """Stop all trials: politely at first, so that the workers survive, then for good."""
        self._queue.clear()
        finished = self._hand_out()
        for worker in self._busy():
            worker.interrupt()
        patience = Deadline.after(GRACE_SECONDS)
        while self._busy() and not patience.passed:
            self._collect(max(patience.seconds_left, 0.0))
        for worker in self._busy():
            self._end(worker, TrialStatus.TIMEOUT, reason)
        self._queue.clear()  # a trial whose process died meanwhile is not tried again
        return finished + [_with_reason(outcome, reason) for outcome in self._hand_out()]

    def fit_members(
        self, jobs: Sequence[MemberJob], deadline: Deadline
    ) -> "list[Candidate | None]":
        """Fit the jobs' models side by side, in their order; None for failed or late ones."""
        models: dict[int, Candidate | None] = {}
        places = {id(job): place for place, job in enumerate(jobs)}
        waiting = deque(jobs)
        while len(models) < len(jobs) and not (deadline.passed and not self._members()):
            for worker in self._workers:
                if worker.idle and waiting and not deadline.passed:
                    self._give(worker, waiting, _finite(deadline.seconds_left))
            for worker in self._ready_to_read(min(self._poll_seconds, _later(deadline))):
                job = worker.job
                answer, alive = self._read(worker)
                if isinstance(job, MemberJob):
                    models[places[id(job)]] = answer if alive else None
            for worker in self._members():
                if worker.seconds_to_kill <= 0 or self._too_large(worker):
                    models[places[id(worker.job)]] = None
                    self._replace(worker)
        return [models.get(place) for place in range(len(jobs))]

    def close(self) -> None:
        """Let go of all workers; may be called twice."""
        for worker in self._workers:
            worker.close()
        self._workers = []
        self._queue.clear()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        """Return the executor."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the executor."""
        self.close()

    def _hand_out(self) -> list[TrialOutcome]:
        finished, self._finished = self._finished, []
        return finished

    def _new_worker(self) -> WorkerProcess:
        self._n_started += 1
        errors = Path(self._folder.name) / f"worker-{self._n_started}.txt"
        return WorkerProcess(self._context_path, self._n_threads, errors)

    def _busy(self) -> list[WorkerProcess]:
        return [worker for worker in self._workers if isinstance(worker.job, Trial)]

    def _members(self) -> list[WorkerProcess]:
        return [worker for worker in self._workers if isinstance(worker.job, MemberJob)]

    def _dispatch(self, deadline: Deadline) -> None:
        """Give waiting trials to idle workers, each with the time that it has."""
        for worker in self._workers:
            if not self._gate.admits(len(self._busy())):
                return
            if worker.idle and self._queue and not deadline.passed:
                limit = self._queue[0].seconds_limit
                left = deadline.seconds_left
                self._give(
                    worker, self._queue, _finite(left if limit is None else min(limit, left))
                )

    def _give(self, worker: WorkerProcess, queue: "deque[Any]", seconds: float | None) -> None:
        """Start the first of ``queue`` on a worker; if that has died, it keeps its place."""
        try:
            worker.start(queue[0], seconds)
            queue.popleft()
        except OSError:
            self._replace(worker)

    def _collect(self, seconds: float) -> None:
        """Take in what arrives within ``seconds`` and end what has gone over its limits."""
        busy = self._busy()
        soonest = min([seconds, *(max(each.seconds_to_kill, 0.0) for each in busy)])
        for worker in self._ready_to_read(soonest):
            trial = worker.job
            spent = worker.job_seconds
            answer, alive = self._read(worker)
            if alive and isinstance(answer, TrialOutcome):
                self._finished.append(answer)
                self._gate.note(answer)
                if answer.result.status is TrialStatus.MEMOUT:
                    self._replace(worker)  # what it took may not be given back
            elif not alive and isinstance(trial, Trial):
                self._died(trial, answer, spent)
        for worker in self._busy():
            if worker.seconds_to_kill <= 0:
                reason = f"killed after {worker.job_seconds:.1f} s, over its limit"
                self._end(worker, TrialStatus.TIMEOUT, reason)
            elif self._too_large(worker):
                reason = f"killed at {worker.memory_mb:.0f} MiB of memory, over its limit"
                self._end(worker, TrialStatus.MEMOUT, reason)

    def _died(self, trial: Trial, exit_status: int | None, seconds: float) -> None:
        """Try a trial whose process died once more; record it when that was the second time."""
        self._deaths[trial.number] += 1
        if self._deaths[trial.number] < DEADLY:
            self._queue.appendleft(trial)
            return
        status, reason = _reason_of_death(exit_status)
        self._finished.append(ended_early(trial, status, f"{reason}, twice", seconds=seconds))

    def _ready_to_read(self, seconds: float) -> list[WorkerProcess]:
        by_connection = {worker.connection: worker for worker in self._workers}
        ready = wait_for_any(list(by_connection), timeout=seconds)
        return [worker for connection, worker in by_connection.items() if connection in ready]

    def _read(self, worker: WorkerProcess) -> tuple[Any, bool]:
        """Return a worker's answer and True, or its exit status and False if it has died."""
        try:
            answer = worker.receive()
        except (EOFError, OSError):
            was_ready = worker.ready
            status = self._replace(worker, died=True)
            self._failed_starts = 0 if was_ready else self._failed_starts + 1
            if self._failed_starts >= _MAX_FAILED_STARTS:
                raise WorkerLostError(
                    f"no worker process can start: {worker.last_words() or 'it says nothing'}"
                ) from None
            return status, False
        self._failed_starts = 0
        return answer, True

    def _end(self, worker: WorkerProcess, status: TrialStatus, reason: str) -> None:
        """Kill a worker and record why its trial ended."""
        trial, seconds = worker.job, worker.job_seconds
        if isinstance(trial, Trial):
            self._finished.append(
                ended_early(trial, status, reason, seconds=seconds, worker=worker.name)
            )
        self._replace(worker)

    def _replace(self, worker: WorkerProcess, *, died: bool = False) -> int | None:
        """Kill a worker, start another in its place, and return its exit status."""
        status = worker.kill(died=died)
        self._workers[self._workers.index(worker)] = self._new_worker()
        return status

    @property
    def _poll_seconds(self) -> float:
        return _POLL_SECONDS if self._memory_limit_mb is None else _MEMORY_POLL_SECONDS

    def _too_large(self, worker: WorkerProcess) -> bool:
        limit = self._memory_limit_mb
        return limit is not None and worker.memory_mb > limit


def _finite(seconds: float) -> float | None:
    """Return ``seconds``, or None when they are infinite."""
    return None if seconds == float("inf") else seconds


def _with_reason(outcome: TrialOutcome, reason: str) -> TrialOutcome:
    """Return the outcome of a trial that was stopped, with the reason it was stopped for."""
    if outcome.result.status is not TrialStatus.TIMEOUT:
        return outcome
    return replace(outcome, result=replace(outcome.result, error=reason))


def _later(deadline: Deadline) -> float:
    return max(deadline.seconds_left, 0.0) if not deadline.passed else _POLL_SECONDS


def _reason_of_death(exit_status: int | None) -> tuple[TrialStatus, str]:
    """Return the status and reason of a trial whose process died by itself."""
    if exit_status == -_SIGKILL:  # nobody else kills like that but the kernel short of memory
        return TrialStatus.MEMOUT, "its process was killed by the system, most likely for memory"
    return TrialStatus.FAILED, f"its process died with exit status {exit_status}"

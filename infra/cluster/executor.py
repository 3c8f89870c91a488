"""Trials on Dask: the executor of the flow."""

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

from espalier.infra.cluster.job import Job, JobEnding, JobResult
from espalier.infra.cluster.job_pool import JobPool
from espalier.infra.cluster.shared_context import SharedContext
from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.evaluate import MemberJob
from espalier.pipelines.evaluation.executors.base import ended_early
from espalier.pipelines.evaluation.executors.worker_process import GRACE_SECONDS
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialStatus

if TYPE_CHECKING:
    from distributed import Client

    from espalier.infra.runs.start_log import StartLog
    from espalier.pipelines.learners.candidate import Candidate

_POLL_SECONDS = 0.5
_STATUS = {
    JobEnding.LATE: TrialStatus.TIMEOUT,
    JobEnding.MEMORY: TrialStatus.MEMOUT,
    JobEnding.DIED: TrialStatus.FAILED,
}


class DaskExecutor:
    """Runs trials on the workers of a Dask client, one a worker at a time.

    Implements `espalier.pipelines.evaluation.executors.base.Executor`. A trial past its limit is
    asked to stop, then its worker process is killed and started anew by its nanny; a trial that
    takes its worker down, for memory or otherwise, is a result.

    Parameters
    ----------
    client : Client
        Connected; it is not closed here.
    context : EvaluationContext
        What trials need.
    starts : StartLog or None
        Notes which trials are begun.
    """

    def __init__(
        self, client: "Client", context: EvaluationContext, *, starts: "StartLog | None" = None
    ) -> None:
        def began(job: Job) -> None:
            if starts is not None and isinstance(job, Trial):
                starts.note(job)

        self._pool = JobPool(client, SharedContext(client, context), on_start=began)
        self._finished: list[TrialOutcome] = []
        self.n_workers = self._pool.n_workers

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Trials submitted whose outcome has not been handed out, by number."""
        alive = [job for job in self._pool.jobs if isinstance(job, Trial)]
        ended = [outcome.result.trial for outcome in self._finished]
        return tuple(sorted([*alive, *ended], key=lambda trial: trial.number))

    def submit(self, trial: Trial) -> None:
        """Take on a trial; it starts in `wait`, when a worker is free."""
        self._pool.add(trial)

    def wait(self, deadline: Deadline) -> list[TrialOutcome]:
        """Block until a trial has ended, nothing is pending, or the deadline passes.

        Raises
        ------
        WorkerLostError
            There is no worker, or no scheduler any more.
        """

        def limit(job: Job) -> float | None:
            own = job.seconds_limit if isinstance(job, Trial) else None
            left = deadline.seconds_left
            return _finite(left if own is None else min(own, left))

        while self.pending and not self._finished and not deadline.passed:
            self._keep(self._pool.step(min(_POLL_SECONDS, deadline.seconds_left), limit))
            self.n_workers = self._pool.n_workers
        return self._hand_out()

    def stop_pending(self, reason: str) -> list[TrialOutcome]:
        """Stop all trials: politely at first, so that the workers survive, then for good."""
        self._pool.forget_waiting()
        finished = self._hand_out()
        self._pool.interrupt()
        patience = Deadline.after(GRACE_SECONDS)
        while self._pool.running and not patience.passed:
            self._keep(self._pool.step(patience.seconds_left, None))
            self._pool.forget_waiting()
        self._keep(self._pool.kill_running(reason))
        return finished + [_with_reason(outcome, reason) for outcome in self._hand_out()]

    def fit_members(
        self, jobs: Sequence[MemberJob], deadline: Deadline
    ) -> "list[Candidate | None]":
        """Fit the jobs' models side by side, in their order; None for failed or late ones."""
        places = {id(job): place for place, job in enumerate(jobs)}
        models: list[Candidate | None] = [None] * len(jobs)
        if deadline.passed:
            return models
        for job in jobs:
            self._pool.add(job)
        late = Deadline(None) if deadline.at is None else deadline.earlier(-GRACE_SECONDS)
        while self._pool.jobs and not late.passed:
            ended = self._pool.step(
                min(_POLL_SECONDS, max(0.0, late.seconds_left)),
                None if deadline.passed else lambda _: _finite(deadline.seconds_left),
            )
            for each in ended:
                models[places[id(each.job)]] = each.answer
        self._pool.forget_waiting()
        self._pool.kill_running("the time for the refit is spent")
        return models

    def close(self) -> None:
        """Stop everything and let go of the workers; may be called twice."""
        self._pool.close()
        self._finished = []

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

    def _keep(self, ended: list[JobResult]) -> None:
        self._finished.extend(_outcome(each) for each in ended)

    def _hand_out(self) -> list[TrialOutcome]:
        finished, self._finished = self._finished, []
        return finished


def _outcome(ended: JobResult) -> TrialOutcome:
    """Return what came of a trial's job."""
    if isinstance(ended.answer, TrialOutcome):
        return ended.answer
    assert isinstance(ended.job, Trial)
    status = _STATUS.get(ended.how, TrialStatus.FAILED)
    return ended_early(ended.job, status, ended.reason, seconds=ended.seconds, worker=ended.worker)


def _with_reason(outcome: TrialOutcome, reason: str) -> TrialOutcome:
    """Return the outcome of a trial that was stopped, with the reason it was stopped for."""
    if outcome.result.status is not TrialStatus.TIMEOUT:
        return outcome
    return replace(outcome, result=replace(outcome.result, error=reason))


def _finite(seconds: float) -> float | None:
    return None if seconds == float("inf") else max(seconds, 0.0)

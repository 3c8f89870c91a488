"""The executor on a `JobPool`: turns job results into trial outcomes and fitted models."""

from collections.abc import Sequence
from dataclasses import replace

from espalier.pipelines.evaluation.executors.base import ended_early
from espalier.pipelines.evaluation.executors.job import GRACE_SECONDS, JobEnding, JobResult
from espalier.pipelines.evaluation.executors.job_pool import JobPool
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.closing import ClosesAtExit
from espalier.pipelines.trials.trial import Trial, TrialOutcome, TrialStatus

_STATUS = {
    JobEnding.TIMED_OUT: TrialStatus.TIMEOUT,
    JobEnding.STOPPED: TrialStatus.TIMEOUT,
    JobEnding.OUT_OF_MEMORY: TrialStatus.MEMOUT,
}


class PoolExecutor(ClosesAtExit):
    """Runs trials on the workers of a pool, one per worker at a time.

    Implements `base.Executor` for every platform with a `WorkerSet`.

    Parameters
    ----------
    pool : JobPool
        The pool of workers; closed together with the executor.

    Attributes
    ----------
    n_workers : int
        Number of trials that run at the same time; updated by `wait`.
    """

    def __init__(self, pool: JobPool) -> None:
        self._pool = pool
        self._finished: list[TrialOutcome] = []
        self.n_workers = pool.n_workers

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Submitted trials whose outcome has not been returned yet, by number."""
        alive = [work for work in self._pool.pending if isinstance(work, Trial)]
        ended = [outcome.result.trial for outcome in self._finished]
        return tuple(sorted([*alive, *ended], key=lambda trial: trial.number))

    def submit(self, trial: Trial) -> None:
        """Queue a trial; it starts in `wait`, once a worker is free."""
        self._pool.add(trial)

    def wait(self, deadline: Deadline) -> list[TrialOutcome]:
        """Block until a trial has ended, nothing is pending, or the deadline passes.

        Raises
        ------
        WorkerLostError
            There is no worker, and no new one can be expected.
        """
        while self.pending and not self._finished and not deadline.passed:
            self._keep(self._pool.step(max(deadline.seconds_left, 0.0), deadline))
            self.n_workers = self._pool.n_workers
        return self._hand_out()

    def stop_pending(self, reason: str) -> list[TrialOutcome]:
        """Stop all trials: ask first, so that workers survive, then kill; return the outcomes."""
        finished = self._hand_out()
        self._keep(self._pool.stop(reason))
        return finished + [_with_reason(outcome, reason) for outcome in self._hand_out()]

    def fit_members(self, jobs: Sequence[MemberJob], deadline: Deadline) -> list[Candidate | None]:
        """Fit the models of ``jobs`` in parallel; return them in order, None if failed or late."""
        places = {id(job): place for place, job in enumerate(jobs)}
        models: list[Candidate | None] = [None] * len(jobs)
        for job in jobs:
            self._pool.add(job)
        late = deadline.earlier(-GRACE_SECONDS)
        while self._pool.pending if not deadline.passed else self._pool.running:
            if late.passed:
                break
            for each in self._pool.step(late.seconds_left, deadline):
                models[places[id(each.work)]] = each.answer
        self._pool.forget_waiting()
        self._pool.kill_running("the time for the refit is spent")
        return models

    def close(self) -> None:
        """Stop all jobs and release the workers; may be called twice."""
        self._pool.close()
        self._finished = []

    def _keep(self, results: list[JobResult]) -> None:
        self._finished.extend(_outcome(each) for each in results)

    def _hand_out(self) -> list[TrialOutcome]:
        finished, self._finished = self._finished, []
        return finished


def _outcome(result: JobResult) -> TrialOutcome:
    """Return the outcome of a trial from the result of its job."""
    if isinstance(result.answer, TrialOutcome):
        return result.answer
    assert isinstance(result.work, Trial)
    status = _STATUS.get(result.ending, TrialStatus.FAILED)
    return ended_early(
        result.work, status, result.reason, seconds=result.seconds, worker=result.worker
    )


def _with_reason(outcome: TrialOutcome, reason: str) -> TrialOutcome:
    """Return ``outcome`` with ``reason`` as its error if the trial was stopped."""
    if outcome.result.status is not TrialStatus.TIMEOUT:
        return outcome
    return replace(outcome, result=replace(outcome.result, error=reason))

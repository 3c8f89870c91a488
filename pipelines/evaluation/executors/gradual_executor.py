"""The executor that starts worker processes only once they save time."""

from collections.abc import Callable, Sequence

from espalier.pipelines.evaluation.context import EvaluationContext
from espalier.pipelines.evaluation.executors.base import Executor, SerialExecutor
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.resources.closing import ClosesAtExit
from espalier.pipelines.trials.trial import Trial, TrialOutcome

START_SECONDS = 2.0
"""What starting workers takes on an idle machine: Python, the libraries, unpacking the table."""


class GradualExecutor(ClosesAtExit):
    """Runs trials in this process until workers pay, and then on workers.

    Workers take seconds to start, which is longer than a few trials on a small table. So the first
    trials run here, and workers start once the trials that are left are expected to take so long
    that they save more than their start costs. A trial has the same result in both places.

    Only for a search without limits of time and memory, as nothing here can stop a trial.

    Parameters
    ----------
    context : EvaluationContext
        Data and settings that trials need.
    n_workers : int
        Number of workers to start.
    n_trials : int
        Number of trials that will be submitted in all.
    open_workers : callable
        Starts the workers and returns their executor.

    Attributes
    ----------
    n_workers : int
        Number of trials that run at the same time, once workers have started.
    """

    def __init__(
        self,
        context: EvaluationContext,
        n_workers: int,
        n_trials: int,
        open_workers: Callable[[], Executor],
    ) -> None:
        self.n_workers = n_workers
        self._left = n_trials
        self._open_workers = open_workers
        self._executor: Executor = SerialExecutor(context)
        self._is_gradual = True
        self._seconds: list[float] = []

    @property
    def pending(self) -> tuple[Trial, ...]:
        """Submitted trials whose outcome has not been returned yet, by number."""
        return self._executor.pending

    def submit(self, trial: Trial) -> None:
        """Queue a trial."""
        self._executor.submit(trial)

    def wait(self, deadline: Deadline) -> list[TrialOutcome]:
        """Run a trial here, or wait for workers; return the outcomes that are new."""
        if self._is_gradual and self._workers_pay():
            self._start()
        outcomes = self._executor.wait(deadline)
        self._seconds += [each.result.seconds for each in outcomes]
        self._left -= len(outcomes)
        return outcomes

    def stop_pending(self, reason: str) -> list[TrialOutcome]:
        """Stop all trials."""
        return self._executor.stop_pending(reason)

    def fit_members(self, jobs: Sequence[MemberJob], deadline: Deadline) -> list[Candidate | None]:
        """Fit the models of ``jobs`` where the trials ran."""
        return self._executor.fit_members(jobs, deadline)

    def close(self) -> None:
        """Drop the queued trials and release the workers."""
        self._executor.close()

    def _workers_pay(self) -> bool:
        if not self._seconds or self.n_workers < 2:
            return False
        alone = self._left * sum(self._seconds) / len(self._seconds)
        return alone * (1.0 - 1.0 / self.n_workers) > START_SECONDS

    def _start(self) -> None:
        """Start the workers and give them the waiting trials."""
        waiting = self._executor.pending
        self._executor.close()
        self._executor = self._open_workers()
        self._is_gradual = False
        for trial in waiting:
            self._executor.submit(trial)

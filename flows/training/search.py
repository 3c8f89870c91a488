"""The search as rounds of tasks: propose, evaluate and log a batch of trials.

The only state between rounds is the history.
"""

from contextlib import suppress
from dataclasses import dataclass

from espalier.flows.progress.early_finish import until_told
from espalier.flows.progress.listeners import RunListener, SearchProgress
from espalier.flows.training.trial_log import TrialLog
from espalier.infra.runs.store import RunStore
from espalier.infra.runs.trial_recorder import TrialRecorder
from espalier.pipelines.errors import StoreUnavailableError
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.limits.reserve import reserve_seconds, search_deadline, with_slack
from espalier.pipelines.search.limits.stopping import ended_early, typical_seconds
from espalier.pipelines.search.next_trials import awaited
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.stand_ins import said_of, with_stand_ins
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult
from espalier.tasks.records import TrainingRun
from espalier.tasks.search.evaluate_batch import evaluate_batch
from espalier.tasks.search.open_search import OpenedSearch
from espalier.tasks.search.propose_batch import propose_batch

SPENT = "spent_seconds"
# With less time left than so many typical trials take, none is chosen ahead.
END_GAME_TRIALS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """History of a search, its pending log and the remaining time.

    Attributes
    ----------
    history : History
        All trials.
    log : TrialLog
        Trials on their way to MLflow; finish it before the run ends.
    deadline : Deadline
        When the whole run must end.
    notes : tuple of str
        For people: why the search ended before its time.
    """

    history: History
    log: TrialLog
    deadline: Deadline
    notes: tuple[str, ...] = ()


def search(
    run: TrainingRun,
    executor: Executor,
    opened: OpenedSearch,
    listener: RunListener,
    deadline: Deadline,
) -> SearchResult:
    """Search until the budget is spent, continuing from the recorded trials.

    Parameters
    ----------
    run : TrainingRun
        The training run.
    executor : Executor
        Runs the trials.
    opened : OpenedSearch
        The plan and the recorded trials.
    listener : RunListener
        Receives the progress after each trial.
    deadline : Deadline
        When the whole run must end if it was not interrupted before.
    """
    plan, store = opened.plan, run.store
    budget, shape = plan.budget, plan.space.shape
    for line in opened.warnings:
        listener.warn(line)
    for line in opened.notes:
        listener.note(line)
    clock = _SpentClock(store, deadline)
    deadline = with_slack(budget, clock.deadline(reserve_seconds(budget, shape)))
    light = run.settings.light_seconds
    end = until_told(search_deadline(budget, shape, deadline.earlier(light)))
    log = TrialLog(run.tracking, run.run_id)
    new = [each for each in opened.history.results if each.trial.number not in opened.extended]
    log.add(new, 0.0)
    history = _rounds(
        executor,
        plan,
        opened.history,
        store=store,
        deadline=end,
        clock=clock,
        log=log,
        view=_View(budget, opened.history, end, listener, executor.n_workers),
    )
    history = with_stand_ins(history, store.predicted)
    if not history.successes:
        log.finish()  # the run may end here, and what failed must be on record
    if (said := said_of(history, plan.n_folds)) is not None:
        listener.warn(said)
    spare = until_told(plan.spare(deadline.earlier(light), history))
    early = ended_early(history, budget, spare, plan.taken_over)
    if early is not None:
        listener.note(early)
    return SearchResult(
        history=history,
        log=log,
        deadline=deadline,
        notes=() if early is None else (early,),
    )


class _SpentClock:
    """Records in the run folder how much of the time budget is spent.

    A run that continues a killed one gets its remaining time, but at least enough to finish.
    """

    def __init__(self, store: RunStore, deadline: Deadline) -> None:
        self._store = store
        self._given = deadline
        self._left = deadline.seconds_left
        self._spent = float(store.noted(SPENT) or 0.0)

    def deadline(self, reserve: float) -> Deadline:
        """Return when this run must end; ``reserve`` is the time to finish, in seconds."""
        if self._given.at is None or not self._spent:
            return self._given
        enough = max(self._left - self._spent, min(reserve, self._left))
        return Deadline(self._given.at - self._left + enough, self._given.clock)

    def note(self) -> None:
        """Record the time spent so far."""
        if self._given.at is not None:
            with suppress(StoreUnavailableError):  # the trial log says what is wrong, and waits
                spent = self._spent + self._left - self._given.seconds_left
                self._store.note(SPENT, round(spent, 1))


class _View:
    """Reports the progress of the search to a listener."""

    def __init__(
        self,
        budget: Budget,
        history: History,
        deadline: Deadline,
        listener: RunListener,
        n_workers: int,
    ) -> None:
        self._n_workers = n_workers
        self._wanted = budget.trials
        self._history = history
        self._deadline = deadline
        self._seconds = deadline.seconds_left
        self._listener = listener
        self._tell(None)

    def add(self, result: TrialResult) -> None:
        """Add a trial and report the progress."""
        self._history = self._history.extend([result])
        self._tell(result)

    @property
    def share_done(self) -> float:
        """Share of the budget that is used, from 0 to 1."""
        return self._progress.share_done

    def _tell(self, last: TrialResult | None) -> None:
        history = self._history
        self._progress = SearchProgress(
            metric=history.metric.name,
            n_trials=len(history),
            n_failed=len(history.failures),
            n_wanted=self._wanted,
            best=history.best,
            last=last,
            seconds_left=self._deadline.seconds_left,
            seconds_budget=self._seconds,
            n_workers=self._n_workers,
        )
        self._listener.searched(self._progress)


def _rounds(
    executor: Executor,
    plan: SearchPlan,
    history: History,
    *,
    store: RunStore,
    deadline: Deadline,
    clock: _SpentClock,
    log: TrialLog,
    view: _View,
) -> History:
    """Propose, evaluate and log batches until the search is over.

    With a time budget, the next batch is proposed while the workers evaluate the current one, so
    that they need not wait; its proposals do not know the newest results. Near the end this is not
    done, as it matters more what still fits into the time. Without a time budget, two batches are
    under way: a batch is proposed once the one two before it is complete, while the workers
    evaluate the one between them.
    """
    recorder = TrialRecorder(store)
    trials = propose_batch(plan, history, deadline, executor.pending)
    while trials or executor.pending:
        end = plan.corrected(deadline, history)
        proposing = None
        waiting = [*executor.pending, *trials]
        if plan.is_untimed and not trials:
            proposing = propose_batch.submit(plan, history, end, waiting)
        elif not plan.is_untimed and _time_enough(history, end):
            ahead = max(1, len(waiting) - executor.n_workers + 1)
            proposing = propose_batch.submit(plan, history, end, waiting, ahead)
        results = evaluate_batch(
            executor,
            trials,
            store=store,
            recorder=recorder,
            deadline=end,
            awaited=None if proposing is not None else awaited(plan, history),
            on_result=view.add,
        )
        history = history.extend(results)
        clock.note()
        log.add(results, view.share_done)
        over = deadline.passed or plan.corrected(deadline, history).passed
        # What is being proposed when the time is up is not waited for.
        trials = proposing.result() if proposing is not None and not over else []
        are_busy = plan.is_untimed and len(executor.pending) >= executor.n_workers
        if not (trials or are_busy or over):
            end = plan.corrected(deadline, history)
            trials = propose_batch(plan, history, end, executor.pending)
    return history


def _time_enough(history: History, deadline: Deadline) -> bool:
    """Whether enough time is left to propose trials ahead of their start."""
    typical = typical_seconds(history)
    return typical is not None and deadline.seconds_left > END_GAME_TRIALS * typical

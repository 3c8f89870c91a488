"""The search as rounds of tasks: propose, evaluate, log; the state is the history alone."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from espalier.flows.progress.listeners import RunListener, SearchProgress
from espalier.flows.training.session import TrainingSession
from espalier.flows.training.trial_log import TrialLog
from espalier.infra.runs.notes import THREADS
from espalier.infra.runs.start_log import fail_deadly
from espalier.infra.runs.store import RunStore
from espalier.infra.runs.takeover import read_takeover, require_same_rows
from espalier.infra.runs.trial_recorder import TrialRecorder
from espalier.pipelines.errors import StoreUnavailableError
from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.learners.registry import choose_learners
from espalier.pipelines.lifecycle.retraining.warm_start import valid_in_space
from espalier.pipelines.members.cost import FinishCost
from espalier.pipelines.metrics.catalogue import get_metric
from espalier.pipelines.requests.train import TrainRequest
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.limits.reserve import reserve_seconds, search_deadline, with_slack
from espalier.pipelines.search.limits.stopping import NOTHING_TO_GAIN, has_settled, typical_seconds
from espalier.pipelines.search.next_trials import awaited
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.stand_ins import said_of, with_stand_ins
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult
from espalier.tasks.records import PreparedRef
from espalier.tasks.search.evaluate_batch import evaluate_batch
from espalier.tasks.search.propose_batch import propose_batch

if TYPE_CHECKING:
    from espalier.pipelines.experience.advice import Advice
    from espalier.pipelines.finishing.finish import FinishInputs

SPENT = "spent_seconds"
# With less time left than so many typical trials take, none is chosen ahead.
END_GAME_TRIALS = 8
# From the last refit to the registered version: scoring, the registry, and each MiB of the model
# that is handed over, written, read and copied.
FINISH_SECONDS = 2.5
FINISH_SHARE = 0.1
FINISH_SECONDS_A_MB = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What a search leaves.

    Attributes
    ----------
    history : History
        Everything tried.
    n_resumed : int
        Trials taken over from an interrupted run.
    log : TrialLog
        On its way to MLflow; to be finished before the run is.
    finishing : FinishInputs
        What is there to finish the run with.
    """

    history: History
    n_resumed: int
    log: TrialLog
    finishing: "FinishInputs"


def search(
    executor: Executor,
    prepared: PreparedRef,
    request: TrainRequest,
    session: TrainingSession,
    *,
    store: RunStore,
    deadline: Deadline,
    run_id: str,
    winners: Sequence[Configuration] = (),
    advice: "Advice | None" = None,
) -> SearchResult:
    """Search until the budget is spent, on from what an interrupted run had tried.

    Parameters
    ----------
    executor : Executor
        Runs the trials.
    prepared : PreparedRef
        The data.
    request : TrainRequest
        What is asked.
    session : TrainingSession
        The MLflow store, and who watches.
    store : RunStore
        The run's folder.
    deadline : Deadline
        When the whole run must be over, had it not been interrupted.
    run_id : str
        MLflow's parent run.
    winners : sequence of Configuration
        What earlier trainings found best; tried first.
    advice : Advice or None
        What experience would try; tried next.
    """
    shape = prepared.shape
    learners = choose_learners(request.families or None, shape, interpretable=request.interpretable)
    metric = get_metric(prepared.metric, prepared.problem, prepared.n_classes)
    require_same_rows(store, prepared.digest)
    store.note(THREADS, session.n_threads)
    for deadly in fail_deadly(store):
        session.listener.warn(f"trial {deadly.trial.number} is not tried again: {deadly.error}")
    resumed = History(metric, store.results())
    taken = read_takeover(store)
    before = () if taken is None else taken.numbers
    budget = request.budget.beyond(len(before))
    space = SearchSpace(learners, shape)
    advised = () if advice is None else advice.first
    plan = SearchPlan(
        space=space,
        budget=budget,
        seed=request.seed,
        n_workers=executor.n_workers,
        strategy=request.search,
        n_folds=prepared.n_folds,
        finish=finish_cost(request.budget, prepared),
        warm_start=valid_in_space((*winners, *advised), space, trials=request.trials),
        prior=None if advice is None else advice.prior,
        memory_limit_mb=session.memory_limit_mb,
    )
    reserve = reserve_seconds(request.budget, shape)
    if before:
        session.listener.note(f"{len(before)} trials taken over from the run that is extended")
    if len(resumed) > len(before):
        n_more = len(resumed) - len(before)
        session.listener.note(f"{n_more} trials taken over from a run that did not finish")
    clock = _SpentClock(store, deadline)
    whole = with_slack(request.budget, clock.deadline(reserve))
    search_end = search_deadline(request.budget, shape, whole)
    log = TrialLog(session.tracking, run_id)
    log.add([each for each in resumed.results if each.trial.number not in before], 0.0)
    history = _rounds(
        executor,
        plan,
        resumed,
        store=store,
        deadline=search_end,
        clock=clock,
        log=log,
        view=_View(budget, resumed, search_end, session.listener),
    )
    history = with_stand_ins(history, store.predicted)
    if not history.successes:
        log.finish()  # the run may end here, and what failed must be on record
    if (said := said_of(history, prepared.n_folds)) is not None:
        session.listener.warn(said)
    if budget.seconds is not None and has_settled(history):
        session.listener.note(f"the search ended early: {NOTHING_TO_GAIN}")
    from espalier.pipelines.finishing.finish import FinishInputs

    finishing = FinishInputs(
        deadline=whole,
        cost=plan.finish,
        fold_models=session.fold_models,
        serving=request.serving,
    )
    return SearchResult(history=history, n_resumed=len(resumed), log=log, finishing=finishing)


def finish_cost(budget: Budget, prepared: PreparedRef) -> FinishCost:
    """Return what comes after the refits of a run."""
    share = float("inf") if budget.seconds is None else FINISH_SHARE * budget.seconds
    return FinishCost(
        fixed=min(FINISH_SECONDS, share),
        n_rows=prepared.n_holdout,
        seconds_a_mb=FINISH_SECONDS_A_MB,
    )


class _SpentClock:
    """Remembers in the run folder how much of the budget is spent.

    A run that continues a killed one gets what that one had left, and the time to finish at least.
    """

    def __init__(self, store: RunStore, deadline: Deadline) -> None:
        self._store = store
        self._given = deadline
        self._left = deadline.seconds_left
        self._spent = float(store.noted(SPENT) or 0.0)

    def deadline(self, reserve: float) -> Deadline:
        """Return when this run must be over."""
        if self._given.at is None or not self._spent:
            return self._given
        enough = max(self._left - self._spent, min(reserve, self._left))
        return Deadline(self._given.at - self._left + enough, self._given.clock)

    def note(self) -> None:
        """Remember what is spent by now."""
        if self._given.at is not None:
            with suppress(StoreUnavailableError):  # the trial log says what is wrong, and waits
                spent = self._spent + self._left - self._given.seconds_left
                self._store.note(SPENT, round(spent, 1))


class _View:
    """Counts trials for whoever watches."""

    def __init__(
        self, budget: Budget, history: History, deadline: Deadline, listener: RunListener
    ) -> None:
        self._wanted = budget.trials
        self._history = history
        self._deadline = deadline
        self._seconds = deadline.seconds_left
        self._listener = listener
        self._tell(None)

    def add(self, result: TrialResult) -> None:
        """Count a trial."""
        self._history = self._history.extend([result])
        self._tell(result)

    @property
    def share_done(self) -> float:
        """How much of the budget is used."""
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
    """Propose, evaluate, log, until the search is over.

    With a clock, the next batch is proposed while the workers are at the one before: they need
    not wait for it, and it does not know the newest results; not near the end, where what still
    fits into the time matters more. Without a clock, two batches are under way, and one is proposed
    as soon as the last but one before it is complete, while the workers are at the last.
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
    """Whether so much time is left that a trial chosen now may start later."""
    typical = typical_seconds(history)
    return typical is not None and deadline.seconds_left > END_GAME_TRIALS * typical

"""The search: propose, evaluate, learn, until the budget is spent."""

from collections.abc import Callable, Sequence

from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.members.cost import NOTHING, FinishCost
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.limits.stopping import TIME_IS_SPENT
from espalier.pipelines.search.next_trials import awaited, next_trials
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.prior_mean import Experience
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial, TrialOutcome

OnResult = Callable[[TrialOutcome], None]


def run_trials(
    executor: Executor,
    trials: Sequence[Trial],
    *,
    deadline: Deadline,
    awaited: frozenset[int] | None,
    on_result: OnResult | None = None,
) -> list[TrialOutcome]:
    """Submit trials, and return outcomes once more trials should be proposed.

    Parameters
    ----------
    executor : Executor
        Runs the trials.
    trials : sequence of Trial
        Trials to submit; if empty, the pending ones are awaited.
    deadline : Deadline
        When to return at the latest; running trials stay pending.
    awaited : frozenset of int or None
        Return once none of these trials is pending. None: once a trial has ended and a worker is
        idle. Running trials carry over to the next call.
    on_result : callable, optional
        Called with each outcome as it arrives.
    """
    for trial in trials:
        executor.submit(trial)
    outcomes: list[TrialOutcome] = []
    while executor.pending and not deadline.passed:
        if awaited is not None and awaited.isdisjoint(each.number for each in executor.pending):
            break
        for outcome in executor.wait(deadline):
            outcomes.append(outcome)
            if on_result is not None:
                on_result(outcome)
        if awaited is None and outcomes and len(executor.pending) < executor.n_workers:
            break
    return outcomes


def stop_batch(
    executor: Executor, *, reason: str, on_result: OnResult | None = None
) -> list[TrialOutcome]:
    """Stop the pending trials and return their outcomes."""
    outcomes = executor.stop_pending(reason)
    if on_result is not None:
        for outcome in outcomes:
            on_result(outcome)
    return outcomes


def run_search(
    space: SearchSpace,
    executor: Executor,
    metric: Metric,
    *,
    budget: Budget,
    deadline: Deadline,
    seed: int,
    strategy: str = DEFAULT_STRATEGY,
    on_result: OnResult | None = None,
    history: History | None = None,
    n_folds: int = 1,
    warm_start: Sequence[Configuration] = (),
    prior: Experience | None = None,
    finish: FinishCost = NOTHING,
    memory_limit_mb: float | None = None,
    racing: bool = True,
) -> History:
    """Search until the budget is spent and return the history of all trials.

    Parameters
    ----------
    space : SearchSpace
        The search space.
    executor : Executor
        Runs the trials.
    metric : Metric
        Scores the trials.
    budget : Budget
        What the run may spend; see `SearchPlan` for what trials and seconds mean.
    deadline : Deadline
        When the search must be over: the budget's end less the reserve, which is corrected as
        trials are timed.
    seed : int
        The run's seed.
    strategy : str
        One of `strategies.names.STRATEGIES`.
    on_result : callable, optional
        Called with each outcome, including its out-of-fold predictions, as it arrives.
    history : History, optional
        Trials of an interrupted run, which are not run again.
    n_folds : int
        Folds of a trial, for its expected seconds.
    warm_start : sequence of Configuration
        Configurations to try first.
    prior : Experience or None
        Predictions from earlier runs for this dataset.
    finish : FinishCost
        Cost of the steps after the refits.
    memory_limit_mb : float or None
        Most MiB that a trial may be expected to take.
    racing : bool
        Whether a trial ends when its first folds are clearly worse.
    """
    plan = SearchPlan(
        space=space,
        budget=budget,
        seed=seed,
        n_workers=executor.n_workers,
        strategy=strategy,
        n_folds=n_folds,
        warm_start=tuple(warm_start),
        prior=prior,
        finish=finish,
        memory_limit_mb=memory_limit_mb,
        racing=racing,
    )
    done = History(metric) if history is None else history
    while True:
        end = plan.corrected(deadline, done)
        trials = next_trials(plan, done, end, executor.pending)
        if not trials and not executor.pending:
            return done
        outcomes = run_trials(
            executor,
            trials,
            deadline=end,
            awaited=awaited(plan, done),
            on_result=on_result,
        )
        if end.passed:
            outcomes += stop_batch(executor, reason=TIME_IS_SPENT, on_result=on_result)
        done = done.extend(outcome.result for outcome in outcomes)

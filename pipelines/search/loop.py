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
    """Submit trials and return what has ended by the time that more should be proposed.

    Parameters
    ----------
    executor : Executor
        Runs them.
    trials : sequence of Trial
        May be empty: then what is pending is waited for.
    deadline : Deadline
        When to return at the latest; what is still running stays pending.
    awaited : frozenset of int or None
        Return once none of these trials is pending. None: once something has ended and a worker is
        idle. Stragglers carry over to the next call.
    on_result : callable, optional
        Told each outcome as it arrives.
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
    """Stop what is pending and return what came of it."""
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
    """Search until the budget is spent and return everything tried.

    Parameters
    ----------
    space : SearchSpace
        What may be tried.
    executor : Executor
        Who runs the trials.
    metric : Metric
        What they are scored by.
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
        Told each outcome, with its out-of-fold predictions, as it arrives.
    history : History, optional
        Trials of an interrupted run, which are not run again.
    n_folds : int
        Folds of a trial, for its expected seconds.
    warm_start : sequence of Configuration
        What to try first.
    prior : Experience or None
        What earlier runs predict for this dataset.
    finish : FinishCost
        What comes after the refits.
    memory_limit_mb : float or None
        MiB that a trial may be expected to take.
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

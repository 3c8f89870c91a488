"""The search: propose, evaluate, learn, until the budget is spent."""

from collections.abc import Callable, Sequence

from espalier.pipelines.evaluation.executors.base import Executor
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.search.limits.stopping import TIME_IS_SPENT
from espalier.pipelines.search.next_trials import awaited, next_trials
from espalier.pipelines.search.plan import SearchPlan
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
    plan: SearchPlan,
    executor: Executor,
    metric: Metric,
    *,
    deadline: Deadline,
    on_result: OnResult | None = None,
    history: History | None = None,
) -> History:
    """Search until the budget is spent and return the history of all trials.

    Parameters
    ----------
    plan : SearchPlan
        The fixed parts of the search: space, budget, seed, strategy, folds.
    executor : Executor
        Runs the trials.
    metric : Metric
        Scores the trials.
    deadline : Deadline
        When the search must be over: the budget's end less the reserve, which is corrected as
        trials are timed.
    on_result : callable, optional
        Called with each outcome, including its out-of-fold predictions, as it arrives.
    history : History, optional
        Trials of an interrupted run, which are not run again.
    """
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

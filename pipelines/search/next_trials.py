"""The policy of a search: how many trials to start now, and with which limits.

The estimator's loop and the flow's rounds both call `next_trials`, so they search alike.
"""

from collections.abc import Sequence
from dataclasses import replace

from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.search.batches import BATCH_SIZE, first_unfinished, next_in_line
from espalier.pipelines.search.limits.stopping import (
    NOTHING_TO_GAIN,
    trial_seconds_limit,
    trials_left,
    typical_seconds,
    why_over,
)
from espalier.pipelines.search.limits.thinning import choosing_pays
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.search.slower_leaders import slower_leaders
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial

# Trials are slow when one takes more than this share of the time left. Then none is queued
# behind another, as more is known by the time that it would start.
_SLOW_SHARE = 0.05
# Share of the time left that a network on pictures may take in any case.
_NETWORK_SHARE = 0.45
# Estimates of a trial's seconds are rough.
_SAFETY = 0.9


def awaited(plan: SearchPlan, history: History) -> frozenset[int] | None:
    """Return the numbers of trials to wait for; None: any one, once a worker is idle."""
    return first_unfinished(plan, history) if plan.is_untimed else None


def next_trials(
    plan: SearchPlan,
    history: History,
    deadline: Deadline,
    pending: Sequence[Trial] = (),
    *,
    ahead: int = 0,
) -> list[Trial]:
    """Return the trials to start now; if empty, wait for pending ones, or the search is over.

    Parameters
    ----------
    plan : SearchPlan
        The search.
    history : History
        Trials that have ended, in this run or in the interrupted one that it continues.
    deadline : Deadline
        When the search must be over.
    pending : sequence of Trial
        Trials that are running.
    ahead : int
        Number of pending trials that will have ended by the time that the result is used; as many
        more are proposed. Only for a search with a time budget.
    """
    if plan.is_untimed:
        return next_in_line(plan, history, pending)
    over = why_over(history, plan.budget, deadline, len(pending), plan.taken_over)
    if over is None:
        return _fill(plan, history, deadline, pending, ahead)
    if over != NOTHING_TO_GAIN:
        return []
    # Time is left: the leaders are trained longer, as long as that is better.
    running = [each.configuration for each in pending]
    slower = slower_leaders(history, plan.space, running)
    return _fill(plan, history, deadline, pending, ahead, slower) if slower else []


def _fill(
    plan: SearchPlan,
    history: History,
    deadline: Deadline,
    pending: Sequence[Trial],
    ahead: int,
    only: Sequence[Configuration] = (),
) -> list[Trial]:
    """Return as many trials as keep the workers busy until the next choice; of ``only``, if any."""
    left = deadline.seconds_left
    limit = trial_seconds_limit(deadline, history, plan.n_workers)
    typical = typical_seconds(history)
    # Networks take much of a short search, and the next goes on from the weights of the best.
    slow = plan.space.is_of_pixels if typical is None else typical > _SLOW_SHARE * left
    wanted = plan.n_workers if slow else max(BATCH_SIZE, 2 * plan.n_workers)
    n = wanted + ahead - len(pending)
    available = trials_left(history, plan.budget, len(pending))
    if available is not None:
        n = min(n, available)
    if n <= 0:
        return []
    trials = propose_trials(
        plan.space,
        history,
        n=n,
        seed=plan.seed,
        pending=pending,
        strategy=plan.strategy,
        seconds_limit=limit,
        expected_seconds_limit=None if limit is None else min(limit, _SAFETY * left),
        memory_limit_mb=plan.memory_limit_mb,
        warm_start=plan.warm_start,
        proposed=plan.proposed,
        n_folds=plan.n_folds,
        prior=plan.prior,
        racing=plan.racing,
        aims=plan.aims,
        with_predictor=choosing_pays(history, plan.n_workers, n),
        only=only,
    )
    return [_with_time_to_train(each, plan, left) for each in trials]


def _with_time_to_train(trial: Trial, plan: SearchPlan, left: float) -> Trial:
    """Return a trial with a later limit if it trains a network on pictures.

    Such a model is better by far after a minute than after seconds, on every fold, and stops in
    time; meanwhile the other workers try the rest.
    """
    networks = [each.name for each in plan.space.learners if each.preprocessing.pixels]
    if trial.seconds_limit is None or trial.configuration.family not in networks:
        return trial
    return replace(trial, seconds_limit=max(trial.seconds_limit, _NETWORK_SHARE * left))

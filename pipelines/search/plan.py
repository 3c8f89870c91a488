"""The policy of a search: how many trials to start now, and with which limits.

The estimator's loop and the flow's rounds both ask `next_trials`, so they search alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from espalier.pipelines.members.cost import NOTHING, FinishCost
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.batches import BATCH_SIZE, awaited, next_in_line
from espalier.pipelines.search.propose import propose_trials
from espalier.pipelines.search.reserve import reserve_change
from espalier.pipelines.search.stopping import (
    trial_seconds_limit,
    trials_left,
    typical_seconds,
    why_over,
)
from espalier.pipelines.search.strategy_names import DEFAULT_STRATEGY
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.prior_mean import Experience
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import Trial

# Trials are slow when one takes more than this share of the time left. Then none is queued
# behind another: by the time it starts, more is known.
_SLOW_SHARE = 0.05
# Estimates of a trial's seconds are rough.
_SAFETY = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """What stays the same through a search.

    Attributes
    ----------
    space : SearchSpace
        What may be tried.
    budget : Budget
        What the run may spend. Without seconds the clock plays no part, and batches are fixed,
        ordered units (`batches`): the same trials come out at any number of workers.
    seed : int
        The run's seed.
    n_workers : int
        Trials that run at the same time.
    strategy : str
        One of `names.STRATEGIES`.
    n_folds : int
        Folds of a trial.
    warm_start : tuple of Configuration
        What to try first.
    finish : FinishCost
        What comes after the refits.
    prior : Experience or None
        What earlier runs predict for this dataset.
    memory_limit_mb : float or None
        What a trial may be expected to take. Like the clock, it plays no part without seconds:
        what was measured of memory must not decide which trials come out.
    racing : bool
        Whether a trial ends when its first folds are clearly worse.
    ladder : bool
        Whether a trial of a large table is fitted to some of its rows first; off by default
        (docs/decisions/0032).
    """

    space: SearchSpace
    budget: Budget
    seed: int
    n_workers: int
    strategy: str = DEFAULT_STRATEGY
    n_folds: int = 1
    warm_start: tuple[Configuration, ...] = ()
    finish: FinishCost = NOTHING
    prior: Experience | None = None
    memory_limit_mb: float | None = None
    racing: bool = True
    ladder: bool = False

    @property
    def is_untimed(self) -> bool:
        """Whether trials alone are counted, so that the clock decides nothing."""
        return self.budget.seconds is None

    def awaited(self, history: History) -> frozenset[int] | None:
        """Return the trials to wait for before asking again; None for any, once a worker idles."""
        return awaited(self, history) if self.is_untimed else None

    def corrected(self, deadline: Deadline, history: History) -> Deadline:
        """Return when the search must be over, now that the trials of ``history`` are timed.

        ``deadline`` is the budget's end less `reserve_seconds`.
        """
        change = reserve_change(self.budget, self.space.shape, history, self.n_workers, self.finish)
        return deadline.earlier(change)


def next_trials(
    plan: SearchPlan,
    history: History,
    deadline: Deadline,
    pending: Sequence[Trial] = (),
    *,
    ahead: int = 0,
) -> list[Trial]:
    """Return the trials to start now; none means wait for the pending ones, or the end.

    Parameters
    ----------
    plan : SearchPlan
        The search.
    history : History
        What has ended, in this run or in the interrupted one that it continues.
    deadline : Deadline
        When the search must be over.
    pending : sequence of Trial
        What is running.
    ahead : int
        How many of the pending ones will have ended by the time that the answer is used: so many
        more are proposed. Only for a search with a clock.
    """
    if plan.is_untimed:
        return next_in_line(plan, history, pending)
    if why_over(history, plan.budget, deadline, len(pending)) is not None:
        return []
    return _fill(plan, history, deadline, pending, ahead)


def _fill(
    plan: SearchPlan,
    history: History,
    deadline: Deadline,
    pending: Sequence[Trial],
    ahead: int,
) -> list[Trial]:
    """Return as many trials as keep the workers busy until the next choice."""
    left = deadline.seconds_left
    limit = trial_seconds_limit(deadline, history, plan.n_workers)
    typical = typical_seconds(history)
    slow = typical is not None and typical > _SLOW_SHARE * left
    wanted = plan.n_workers if slow else max(BATCH_SIZE, 2 * plan.n_workers)
    n = wanted + ahead - len(pending)
    available = trials_left(history, plan.budget, len(pending))
    if available is not None:
        n = min(n, available)
    if n <= 0:
        return []
    return propose_trials(
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
        n_folds=plan.n_folds,
        prior=plan.prior,
        racing=plan.racing,
        ladder=plan.ladder,
    )

"""What stays the same through a search: its space, budget, strategy and limits."""

from dataclasses import dataclass

from espalier.pipelines.members.cost import NOTHING, FinishCost
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.limits.reserve import reserve_change
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.prior_mean import Experience
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History


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
        One of `strategies.names.STRATEGIES`.
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

    @property
    def is_untimed(self) -> bool:
        """Whether trials alone are counted, so that the clock decides nothing."""
        return self.budget.seconds is None

    def corrected(self, deadline: Deadline, history: History) -> Deadline:
        """Return when the search must be over, now that the trials of ``history`` are timed.

        ``deadline`` is the budget's end less `reserve_seconds`.
        """
        change = reserve_change(self.budget, self.space.shape, history, self.n_workers, self.finish)
        return deadline.earlier(change)

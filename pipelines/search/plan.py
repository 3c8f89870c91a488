"""The fixed settings of a search: its space, budget, strategy and limits."""

from dataclasses import dataclass

from espalier.pipelines.members.cost import NOTHING, FinishCost
from espalier.pipelines.resources.budget import Budget, Deadline
from espalier.pipelines.search.limits.aims import THE_SCORE, Aims
from espalier.pipelines.search.limits.reserve import reserve_change, spare_time
from espalier.pipelines.search.strategies.names import DEFAULT_STRATEGY
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.prior_mean import Experience
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """The settings of a search that stay fixed while it runs.

    Attributes
    ----------
    space : SearchSpace
        The search space.
    budget : Budget
        What the run may spend. Without seconds time does not matter, and batches are fixed, ordered
        units (`batches`): the trials are the same for any number of workers.
    seed : int
        The run's seed.
    n_workers : int
        Trials that run at the same time.
    strategy : str
        One of `strategies.names.STRATEGIES`.
    n_folds : int
        Folds of a trial.
    warm_start : tuple of Configuration
        Configurations to try first.
    proposed : tuple of Configuration
        Networks that supernets propose, tried before all others; only of a differentiable search.
    finish : FinishCost
        Cost of the steps after the refits.
    prior : Experience or None
        Predictions from earlier runs for this dataset.
    memory_limit_mb : float or None
        Most MiB that a trial may be expected to take. Like time, it is ignored without seconds:
        measurements must not decide which trials are run.
    racing : bool
        Whether a trial ends when its first folds are clearly worse.
    taken_over : frozenset of int
        Numbers of the trials of another run that this one extends. The search learns from them,
        but whether it is over is judged without them.
    aims : Aims
        Costs that are to be small beside the score, and their limits.
    """

    space: SearchSpace
    budget: Budget
    seed: int
    n_workers: int
    strategy: str = DEFAULT_STRATEGY
    n_folds: int = 1
    warm_start: tuple[Configuration, ...] = ()
    proposed: tuple[Configuration, ...] = ()
    finish: FinishCost = NOTHING
    prior: Experience | None = None
    memory_limit_mb: float | None = None
    racing: bool = True
    taken_over: frozenset[int] = frozenset()
    aims: Aims = THE_SCORE

    @property
    def is_untimed(self) -> bool:
        """Whether the budget counts only trials, so that time decides nothing."""
        return self.budget.seconds is None

    def corrected(self, deadline: Deadline, history: History) -> Deadline:
        """Return the search's deadline, corrected by the measured times of ``history``.

        ``deadline`` is the budget's end less `reserve_seconds`.
        """
        change = reserve_change(self.budget, self.space.shape, history, self.n_workers, self.finish)
        return deadline.earlier(change)

    def spare(self, deadline: Deadline, history: History) -> Deadline:
        """Return until when what this search left may be used, of a run that ends at a deadline."""
        shape = self.space.shape
        return spare_time(self.budget, deadline, shape, history, self.n_workers, self.finish)

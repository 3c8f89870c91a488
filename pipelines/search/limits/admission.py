"""Admission: which configurations may be started, given time, memory and failed families."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.evaluation.limits import limit_threads
from espalier.pipelines.search.limits.aims import THE_SCORE, Aims
from espalier.pipelines.search.limits.memory_model import MemoryModel
from espalier.pipelines.search.limits.stopping import hopeless_families
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.cost import CostModel
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History

# A default is worth starting even if it must be cut short; another configuration only if it can run
# for this share of its full time, as otherwise a default that was cut short is as good.
_FULL_ENOUGH = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The rule for which configurations may be tried now.

    Attributes
    ----------
    space : SearchSpace
        The search space.
    costs : CostModel
        Predicts the seconds of trials.
    limit : float or None
        Most seconds that a trial may be expected to take; None when time does not matter.
    hopeless : frozenset of str
        Families given up.
    proven : mapping of str to float
        Fewest seconds in which a family that can stop early gave a model here, whatever its
        estimates, which can be wrong by far on tables of unusual shape.
    quickest : float
        Seconds of the quickest success so far; 0 before there is one.
    spent : float
        Seconds of all trials so far.
    memory : MemoryModel or None
        Predicts the memory of trials.
    memory_limit_mb : float or None
        Most MiB that a trial may be expected to take; None for no limit.
    aims : Aims
        Costs of a model that are limited.
    """

    space: SearchSpace
    costs: CostModel
    limit: float | None
    hopeless: frozenset[str]
    proven: Mapping[str, float]
    quickest: float
    spent: float
    memory: MemoryModel | None = None
    memory_limit_mb: float | None = None
    aims: Aims = THE_SCORE

    @classmethod
    def of(
        cls,
        space: SearchSpace,
        history: History,
        limit: float | None,
        n_folds: int,
        memory_limit_mb: float | None = None,
        *,
        learned: History | None = None,
        aims: Aims = THE_SCORE,
    ) -> Self:
        """Return the admission that follows from these trials.

        ``learned`` holds those that time and memory are predicted from; None for all.
        """
        nothing = History(history.metric)
        timed = history if limit is not None else nothing
        known = nothing if limit is None else learned or history
        anytime = {each.name for each in space.learners if each.anytime}
        proven: dict[str, float] = {}
        for result in timed.successes:
            family = result.trial.configuration.family
            if family in anytime:
                proven[family] = min(result.seconds, proven.get(family, np.inf))
        # The matrices are small: threads would wait for each other longer than they work.
        with limit_threads(1):
            costs = CostModel.fit(space, known, n_folds)
        return cls(
            space=space,
            costs=costs,
            limit=limit,
            hopeless=hopeless_families(history),
            proven=proven,
            quickest=min((result.seconds for result in timed.successes), default=0.0),
            spent=sum(result.seconds for result in timed.results),
            memory=None if memory_limit_mb is None else MemoryModel.fit(space, known),
            memory_limit_mb=memory_limit_mb,
            aims=aims,
        )

    def promising(self, configurations: Sequence[Configuration]) -> NDArray[np.bool_]:
        """Return which are of a family that was not given up, and not known too dear, (n,)."""
        hopeful = [each.family not in self.hopeless for each in configurations]
        return np.array(hopeful, dtype=bool) & self.aims.within(configurations)

    def conceivable(self, configurations: Sequence[Configuration]) -> NDArray[np.bool_]:
        """Return which are promising and fit the memory; none if the limit is below any success."""
        enough = self.limit is None or self.limit >= self.quickest
        return self.promising(configurations) & self._roomy(configurations) & enough

    def admitted(self, configurations: Sequence[Configuration]) -> NDArray[np.bool_]:
        """Return which can be expected to give a model within the limit, shape (n,)."""
        if self.limit is None or not configurations:
            return self.promising(configurations)
        fits = self.costs.fits(configurations, self.limit) | self._proven(configurations)
        return self.promising(configurations) & self._roomy(configurations) & fits

    def worthwhile(self, configurations: Sequence[Configuration]) -> NDArray[np.bool_]:
        """Return which admitted ones can run for enough of their full time, shape (n,)."""
        if self.limit is None or not configurations:
            return self.promising(configurations)
        log_seconds = self.costs.log_seconds(configurations)
        full = log_seconds + np.log(_FULL_ENOUGH) <= np.log(self.limit)
        return self.admitted(configurations) & (full | self._proven(configurations))

    def penalty(self, configurations: Sequence[Configuration]) -> NDArray[Any]:
        """Return the cost to subtract from log improvement, infinite if not worthwhile, shape (n,).

        The weight of cost fades from 1 at the start of a run to 0 at its end.
        """
        barred = np.where(self.worthwhile(configurations), 0.0, np.inf)
        if self.limit is None or not configurations:
            return barred
        weight = self.limit / (self.limit + self.spent)
        # What can be cut short costs the limit at most.
        capped = np.minimum(self.costs.log_seconds(configurations), np.log(self.limit))
        return np.asarray(barred + weight * capped)

    def _roomy(self, configurations: Sequence[Configuration]) -> NDArray[np.bool_]:
        """Return which can be expected to stay within the memory limit, shape (n,)."""
        if self.memory is None or self.memory_limit_mb is None or not configurations:
            return np.ones(len(configurations), dtype=bool)
        return self.memory.fits(configurations, self.memory_limit_mb)

    def _proven(self, configurations: Sequence[Configuration]) -> NDArray[np.bool_]:
        limit = self.limit if self.limit is not None else np.inf
        return np.array([self.proven.get(each.family, np.inf) <= limit for each in configurations])

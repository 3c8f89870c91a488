"""Propose single trials: draw them, take neighbours of the best, or ask a strategy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.search.limits.admission import Admission
from espalier.pipelines.search.strategies.dispatch import propose_by
from espalier.pipelines.search.strategies.grid import grid_points
from espalier.pipelines.search.strategies.situation import SourcedProposal, StrategyContext
from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.space.preprocessing import effective
from espalier.pipelines.surrogate.prior_mean import Experience
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History

NEAR_LEADERS = "near leaders"
_RANDOM_DRAWS = 64
_GRID_STEPS = 8  # points visited per proposal, as points of a grid may coincide
_NEIGHBOURS = 16
# Without a predictor, neighbours are taken of this many trials of each of the leading families.
_LEADERS, _LEADING_FAMILIES = 5, 4

Rule = Callable[[Sequence[Configuration]], NDArray[np.bool_]]


@dataclass(slots=True, kw_only=True)
class Proposer:
    """State of a batch that is being proposed.

    ``taken`` holds the configurations proposed so far, in order (a set would not keep it: strings
    hash differently in every process), by the part of each that has an effect. ``learned`` holds
    the trials that predictors are fitted to (`limits.thinning`).
    """

    space: SearchSpace
    history: History
    learned: History
    rng: np.random.Generator
    root: int
    seed: int
    admission: Admission
    prior: Experience | None
    taken: dict[Configuration, Configuration]

    def take(
        self,
        configurations: Sequence[Configuration],
        n: int,
        rule: Rule,
        *,
        other_family: bool = False,
    ) -> list[Configuration]:
        """Take up to ``n`` of these, in order, that are new and pass the rule.

        With ``other_family``, only of families of which none has been taken yet.
        """
        picked: list[Configuration] = []
        begun = {each.family for each in self.taken} if other_family else set()
        for configuration, passes in zip(configurations, rule(configurations), strict=True):
            acting = effective(configuration)
            new = acting not in self.taken and configuration.family not in begun
            if len(picked) < n and passes and new:
                picked.append(configuration)
                if other_family:
                    begun.add(configuration.family)
                self.taken[acting] = configuration
        return picked

    def draw(self, n: int) -> list[Configuration]:
        """Take ``n`` random configurations that are worthwhile."""
        picked: list[Configuration] = []
        for _ in range(4):
            if len(picked) < n:
                drawn = self.space.sample(_RANDOM_DRAWS, self.rng)
                picked += self.take(drawn, n - len(picked), self.admission.worthwhile)
        return picked

    def cheap_draw(self) -> list[Configuration]:
        """Take the cheapest of some random configurations, whatever its expected cost.

        For a search without a model in which nothing is expected to fit: there is nothing to lose.
        """
        drawn = self.space.sample(_RANDOM_DRAWS, self.rng)
        by_cost = np.argsort(self.admission.costs.log_seconds(drawn), kind="stable")
        return self.take([drawn[place] for place in by_cost], 1, self.admission.promising)

    def near_best(self, n: int) -> list[Configuration]:
        """Take up to ``n`` neighbours of the best configuration so far.

        Of networks alone, those of the first one as long as there is no score: their defaults are
        worth more than draws, most of which learn nothing in a short time.
        """
        best = self.history.best
        centre = None if best is None else best.trial.configuration
        if centre is None and self.space.is_of_pixels:
            centre = next(iter(self.taken.values()), None)
        if n == 0 or centre is None or centre.family not in self.space.families:
            return []
        around = self.space.neighbours(centre, _NEIGHBOURS, self.rng)
        return self.take(around, n, self.admission.worthwhile)

    def near_leaders(self, n: int) -> list[Configuration]:
        """Take up to ``n`` neighbours of the best trials, of one family after the other.

        For a long search of quick trials, where asking a predictor takes longer than it is worth.
        """
        known = _within(self.learned, self.space)
        leaders: dict[str, list[Configuration]] = {}
        for result in sorted(known.successes, key=known.gain, reverse=True):
            own = leaders.setdefault(result.trial.configuration.family, [])
            if len(leaders) > _LEADING_FAMILIES:
                break
            if len(own) < _LEADERS:
                own.append(result.trial.configuration)
        picked: list[Configuration] = []
        families = [each for each in leaders.values() if each]
        first = int(self.rng.integers(len(families))) if families else 0
        for place in range(len(families) * 2):
            own = families[(first + place) % len(families)]
            if len(picked) < n:
                start = own[int(self.rng.integers(len(own)))]
                share = -(-n // len(families))
                around = self.space.neighbours(start, 2 * share, self.rng)
                picked += self.take(around, min(share, n - len(picked)), self.admission.worthwhile)
        return picked

    def propose(
        self, who: Sequence[str], numbers: range, favourites: Sequence[Configuration]
    ) -> list[SourcedProposal]:
        """Return one proposal of each of these sources, in order; random ones fill gaps."""
        found: dict[str, list[SourcedProposal]] = {}
        for source in dict.fromkeys(each for each in who if each != "random"):
            found[source] = self._of(source, who.count(source), numbers, favourites)
        short = len(who) - sum(len(each) for each in found.values())
        spare = [SourcedProposal(each, "random") for each in self.draw(short)]
        picks = []
        for source in who:
            queue = found.get(source) or spare or next(filter(None, found.values()), [])
            if queue:
                picks.append(queue.pop(0))
        return picks

    def _of(
        self, source: str, n: int, numbers: range, favourites: Sequence[Configuration]
    ) -> list[SourcedProposal]:
        """Take up to ``n`` configurations of one source."""
        if source == "neighbour":
            return [SourcedProposal(each, source) for each in self.near_best(n)]
        if source == NEAR_LEADERS:
            return [SourcedProposal(each, "neighbour") for each in self.near_leaders(n)]
        if source == "grid":
            walk = grid_points(self.space, numbers.start, _GRID_STEPS * n, self.root)
            taken = self.take(walk, n, self.admission.worthwhile)
            return [SourcedProposal(each, source) for each in taken]
        tried = self.history.configurations
        situation = StrategyContext(
            space=self.space,
            history=_within(self.learned, self.space),
            tried=tried,
            pending=tuple(
                each
                for each in self.taken.values()
                if each not in tried and each.family in self.space.families
            ),
            admission=self.admission,
            favourites=tuple(each for each in favourites if each.family in self.space.families),
            seed=self.seed,
            root=self.root,
            rng=self.rng,
            prior=self.prior,
        )
        proposed = {each.configuration: each for each in propose_by(source, situation, n)}
        taken = self.take(list(proposed), n, self.admission.worthwhile)
        return [proposed[each] for each in taken]


def _within(history: History, space: SearchSpace) -> History:
    """Return the history restricted to families in the space."""
    known = tuple(
        result for result in history.results if result.trial.configuration.family in space.families
    )
    return History(history.metric, known)

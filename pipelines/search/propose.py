"""What to try next, as a function of what was tried: same inputs, same outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.acquisition.batch import choose_batch
from pipelines.configuration import Configuration
from pipelines.errors import UserError
from pipelines.history import History
from pipelines.search.starters import starters
from pipelines.search.stopping import hopeless_families
from pipelines.seeds import generator, integer_seed
from pipelines.space.joint import SearchSpace
from pipelines.surrogate.cost import CostModel
from pipelines.surrogate.forest import ForestPredictor
from pipelines.surrogate.targets import observe
from pipelines.trial import Trial

STRATEGIES = ("forest", "random")

# One of this many trials is drawn at random: what keeps a wrong predictor from being believed.
_RANDOM_EVERY = 5
# Below this many successes a predictor knows nothing that the defaults do not say.
_SMALLEST_HISTORY = 4
# A default is worth starting even if it must be cut short; of the rest, only what comes near to
# its full length can be better than a default that was.
_UNTRIED_SHARE = 0.25
_RANDOM_DRAWS = 64


def propose_batch(
    space: SearchSpace,
    history: History,
    *,
    n: int,
    seed: int,
    pending: Sequence[Trial] = (),
    strategy: str = "forest",
    seconds_limit: float | None = None,
    expected_seconds_limit: float | None = None,
    warm_start: Sequence[Configuration] = (),
    fits_per_trial: int = 1,
) -> list[Trial]:
    """Return the next trials, numbered on from the history and the pending ones.

    First ``warm_start``, then every family's default (cheap first where time is short), then by
    ``strategy``. Nothing is proposed twice, whatever came of it the first time.

    Parameters
    ----------
    space : SearchSpace
        What may be tried.
    history : History
        What has ended.
    n : int
        How many; fewer come back when nothing that fits the limits is left.
    seed : int
        The run's seed.
    pending : sequence of Trial
        What is running.
    strategy : str
        One of `STRATEGIES`.
    seconds_limit : float or None
        Given to each trial as its ``seconds_limit``.
    expected_seconds_limit : float or None
        Seconds that a trial may be expected to take. None: the clock plays no part at all, so
        that a run bounded by trials alone is the same on every machine.
    warm_start : sequence of Configuration
        What to try before the defaults.
    fits_per_trial : int
        Folds of a trial, for its expected seconds.

    Raises
    ------
    UserError
        The strategy is unknown.
    """
    if strategy not in STRATEGIES:
        raise UserError(f"unknown search {strategy!r}; choose one of: {', '.join(STRATEGIES)}")
    first = max([history.next_number, *(trial.number + 1 for trial in pending)])
    proposer = _Proposer(
        space=space,
        history=history,
        pending=tuple(trial.configuration for trial in pending),
        rng=generator(seed, "propose", first),
        seed=integer_seed(seed, "surrogate", first),
        costs=CostModel.fit(
            space,
            history if expected_seconds_limit is not None else History(history.metric),
            fits_per_trial,
        ),
        limit=expected_seconds_limit,
        hopeless=hopeless_families(history),
        taken=dict.fromkeys(
            [result.trial.configuration for result in history.ordered]
            + [trial.configuration for trial in pending]
        ),
    )
    picks = [(each, "warm_start") for each in proposer.untried(warm_start, n)]
    defaults = starters(space, proposer.costs, expected_seconds_limit)
    picks += [(each, "default") for each in proposer.untried(defaults, n - len(picks))]
    if not picks and not history.successes and not pending:
        # Nothing fits, but nothing is there yet either: the cheapest is worth a try.
        picks += [(each, "default") for each in proposer.cheapest(defaults)]
    guided = strategy == "forest" and len(history.successes) >= _SMALLEST_HISTORY
    numbers = range(first + len(picks), first + n)
    at_random = [number for number in numbers if not guided or number % _RANDOM_EVERY == 0]
    picks += _merged(
        numbers,
        at_random,
        [(each, "random") for each in proposer.draw(len(at_random))],
        [(each, "surrogate") for each in proposer.guide(len(numbers) - len(at_random))],
    )
    return [
        Trial(
            number=first + place,
            configuration=configuration,
            seed=integer_seed(seed, "trial", first + place),
            origin=origin,
            seconds_limit=seconds_limit,
        )
        for place, (configuration, origin) in enumerate(picks)
    ]


def _merged(
    numbers: range,
    at_random: Sequence[int],
    random: list[tuple[Configuration, str]],
    guided: list[tuple[Configuration, str]],
) -> list[tuple[Configuration, str]]:
    """Return the picks in trial order; where one kind has run out the other fills in."""
    merged = []
    for number in numbers:
        source = random if number in at_random else guided
        source = source or random or guided
        if source:
            merged.append(source.pop(0))
    return merged


@dataclass(slots=True, kw_only=True)
class _Proposer:
    """One batch in the making; ``taken`` grows as configurations are picked, and keeps their order.

    (A set would not: strings hash differently in every process.)
    """

    space: SearchSpace
    history: History
    pending: tuple[Configuration, ...]
    rng: np.random.Generator
    seed: int
    costs: CostModel
    limit: float | None
    hopeless: frozenset[str]
    taken: dict[Configuration, None] = field(default_factory=dict)

    def untried(
        self, configurations: Sequence[Configuration], n: int, *, at_length: bool = False
    ) -> list[Configuration]:
        """Take up to ``n`` of these, in order, that are new and fit the limits.

        ``at_length`` leaves out what would be cut far too short.
        """
        fits = np.isfinite(self._penalty(configurations))
        if self.limit is not None and at_length:
            fits &= self._near_full_length(configurations)
        picked: list[Configuration] = []
        for configuration, fit in zip(configurations, fits, strict=True):
            if len(picked) < n and fit and configuration not in self.taken:
                picked.append(configuration)
                self.taken[configuration] = None
        return picked

    def cheapest(self, configurations: Sequence[Configuration]) -> list[Configuration]:
        """Take the one of these with the smallest expected cost that was not tried, if any."""
        new = [
            each
            for each in configurations
            if each not in self.taken and each.family not in self.hopeless
        ]
        if not new:
            return []
        picked = new[int(np.argmin(self.costs.log_seconds(new)))]
        self.taken[picked] = None
        return [picked]

    def draw(self, n: int) -> list[Configuration]:
        """Take ``n`` random configurations that fit."""
        picked: list[Configuration] = []
        for _ in range(4):
            if len(picked) < n:
                drawn = self.space.sample(_RANDOM_DRAWS, self.rng)
                picked += self.untried(drawn, n - len(picked), at_length=True)
        return picked

    def guide(self, n: int) -> list[Configuration]:
        """Take up to ``n`` configurations of the largest expected improvement."""
        if n == 0:
            return []
        tried = self.history.configurations
        picked = choose_batch(
            self.space,
            observe(_within(self.history, self.space)),
            self._predictor,
            n=n,
            rng=self.rng,
            pending=[
                each
                for each in self.taken
                if each not in tried and each.family in self.space.families
            ],
            penalty=self._guided_penalty,
            max_per_family=max((n + 1) // 2, 1),
        )
        self.taken.update(dict.fromkeys(picked))
        return picked

    def _predictor(self, pick: int) -> ForestPredictor:
        return ForestPredictor(seed=self.seed + pick)

    def _penalty(self, configurations: Sequence[Configuration]) -> NDArray[Any]:
        """Return infinity for what must not be tried, 0 for the rest, shape (n,)."""
        barred = np.array([each.family in self.hopeless for each in configurations], dtype=bool)
        if self.limit is not None and configurations:
            barred |= ~self.costs.fits(configurations, self.limit)
        return np.where(barred, np.inf, 0.0)

    def _guided_penalty(self, configurations: Sequence[Configuration]) -> NDArray[Any]:
        """Return what cost takes off the log improvement, shape (n,)."""
        penalty = self._penalty(configurations)
        if self.limit is not None and configurations:
            penalty[~self._near_full_length(configurations)] = np.inf
            # What can be cut short costs the limit at most.
            capped = np.minimum(self.costs.log_seconds(configurations), np.log(self.limit))
            penalty += self._cost_weight() * capped
        return penalty

    def _near_full_length(self, configurations: Sequence[Configuration]) -> NDArray[np.bool_]:
        limit = self.limit or np.inf
        return self.costs.log_seconds(configurations) + np.log(_UNTRIED_SHARE) <= np.log(limit)

    def _cost_weight(self) -> float:
        """Return how much cost matters: from 1 at the start of a run to 0 at its end."""
        spent = sum(result.seconds for result in self.history.results)
        left = self.limit or 0.0
        return float(left / (left + spent)) if left + spent > 0 else 0.0


def _within(history: History, space: SearchSpace) -> History:
    """Return the history of the families that the space knows."""
    known = tuple(
        result for result in history.results if result.trial.configuration.family in space.families
    )
    return History(history.metric, known)

"""Replay strategies on recorded tables.

The recorded configurations are the space: a strategy chooses among those it has not had yet, by
its own acquisition. Nothing is looked up by nearness, so no error can hide there; what replay
cannot show is what a continuous proposal between the recorded ones would have gained (that is what
the live mode and ``ascent_win_rate`` are for).

Strategies in a pool: ``random`` draws of what was recorded without a look at the table's scores (a
build records what a guided search of the table finds, too, which chance would not have met); ``gp``
and ``forest`` take the largest log expected improvement, batches of four believed; ``guided`` is
``gp`` with one trial in eight at random; ``tpe`` draws 24 of the pool in proportion to its density
of good trials and takes the largest ratio of good to bad (independent Parzen estimators, gamma and
start-up as in Optuna's default).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from searches.pool import Pool
from searches.variants import COUNTS

from espalier.pipelines.acquisition.functions import log_expected_improvement
from espalier.pipelines.seeds import generator
from espalier.pipelines.surrogate.fold_noise import fold_noise
from espalier.pipelines.surrogate.forest import ForestPredictor
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.surrogate.neural import NeuralPredictor
from espalier.pipelines.surrogate.prior_mean import GuidedProcess
from espalier.pipelines.surrogate.targets import normal_scores

Array = NDArray[np.float64]

BATCH = 4
_LEADERS = ("lightgbm", "linear", "extra_trees", "catboost")
_CANDIDATES = 24  # of Optuna's TPE


Choose = Callable[["Pool", list[int], Array, int, np.random.Generator], list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """How a strategy starts and goes on.

    Attributes
    ----------
    choose : callable
        What follows the start.
    defaults : int
        Defaults at the start: 4 are the leaders', more are all families'.
    portfolio : int
        Of experience's configurations, before the defaults.
    leaders_first : bool
        Whether the leaders' defaults come before those.
    """

    choose: Choose
    defaults: int = 4
    portfolio: int = 0
    leaders_first: bool = False

    def start(self, pool: Pool) -> list[int]:
        """Return the places to begin with, each once."""
        names = pool.space.families if self.defaults > len(_LEADERS) else _LEADERS[: self.defaults]
        # A family's default was recorded before its other configurations. Asking the space for it
        # would miss it where the default has changed since.
        families = [each.family for each in pool.configurations]
        defaults = [families.index(name) for name in names if name in families]
        lent = () if pool.lent is None else pool.lent.first
        portfolio = pool.places_of(lent)[: self.portfolio]
        parts = (defaults, portfolio) if self.leaders_first else (portfolio, defaults)
        return list(dict.fromkeys([*parts[0], *parts[1]]))


def replay(pool: Pool, strategy: Strategy, *, trials: int, seed: int) -> tuple[list[int], float]:
    """Return the places chosen, in order, and the seconds of processor time spent choosing."""
    rng = generator(seed, "replay", pool.name)
    chosen = strategy.start(pool)[:trials]
    before = time.process_time()
    while len(chosen) < min(trials, len(pool.configurations)):
        left = np.setdiff1d(np.arange(len(pool.configurations)), chosen)
        n = min(BATCH, trials - len(chosen), len(left))
        chosen += strategy.choose(pool, chosen, left, n, rng)
    return chosen, time.process_time() - before


def at_random(
    pool: Pool, chosen: list[int], left: Array, n: int, rng: np.random.Generator
) -> list[int]:
    """Draw without replacement, of what was recorded blindly as long as there is some."""
    blind = left[pool.drawn[left]]
    return [int(place) for place in rng.choice(blind if len(blind) >= n else left, n, False)]


def by_process(
    *,
    random_every: int | None = None,
    noise: bool = True,
    exploit: float = 0.0,
    few: int = 3,
    fit: int = 20,
    experience: bool = False,
    by_family: bool = True,
) -> Choose:
    """Return the choice of the largest log EI of a Gaussian process."""

    def choose(
        pool: Pool, chosen: list[int], left: Array, n: int, rng: np.random.Generator
    ) -> list[int]:
        if len(chosen) < few:
            return at_random(pool, chosen, left, n, rng)
        level = fold_noise(pool.folds[chosen]) if noise else 0.01
        process: GaussianProcess | GuidedProcess = GaussianProcess(
            Embedding(pool.space.coordinates), max_iterations=fit
        )
        if experience and pool.lent is not None:
            n_families = len(pool.space.families) if by_family else 0
            process = GuidedProcess(
                process, pool.lent.prior, seed=len(chosen), n_families=n_families
            )
        process = process.fit(pool.X[chosen], normal_scores(pool.gains[chosen]), noise=level)
        best = float(process.predict(pool.X[chosen])[0].max()) - exploit
        picks: list[int] = []
        for _ in range(n):
            rest = np.setdiff1d(left, picks)
            if random_every and (len(chosen) + len(picks)) % random_every == 0:
                picks += at_random(pool, chosen, rest, 1, rng)
            else:
                mean, std = process.predict(pool.X[rest])
                value = log_expected_improvement(mean, std, best)
                picks.append(int(rest[value.argmax()]))
            process = process.believe(pool.X[picks[-1:]])
        return picks

    return choose


def by_forest(
    pool: Pool, chosen: list[int], left: Array, n: int, rng: np.random.Generator
) -> list[int]:
    """Choose the largest log EI of a forest; one in five at random, the liar at the median."""
    if len(chosen) < 4:
        return at_random(pool, chosen, left, n, rng)
    gains = normal_scores(pool.gains[chosen])
    best = float(gains.max())
    X = pool.X[chosen]
    picks: list[int] = []
    for _ in range(n):
        rest = np.setdiff1d(left, picks)
        if (len(chosen) + len(picks)) % 5 == 0:
            picks += at_random(pool, chosen, rest, 1, rng)
        else:
            forest = ForestPredictor(seed=int(rng.integers(2**31))).fit(X, gains)
            mean, std = forest.predict(pool.X[rest])
            picks.append(int(rest[log_expected_improvement(mean, std, best).argmax()]))
        X = np.vstack([X, pool.X[picks[-1]]])
        gains = np.append(gains, np.median(gains))
    return picks


def by_networks(
    pool: Pool, chosen: list[int], left: Array, n: int, rng: np.random.Generator
) -> list[int]:
    """Choose the largest log EI of an ensemble of networks."""
    model = NeuralPredictor(Embedding(pool.space.coordinates), seed=int(rng.integers(2**31)))
    model = model.fit(pool.X[chosen], normal_scores(pool.gains[chosen]))
    best = float(model.predict(pool.X[chosen])[0].max())
    picks: list[int] = []
    for _ in range(n):
        rest = np.setdiff1d(left, picks)
        value = log_expected_improvement(*model.predict(pool.X[rest]), best)
        picks.append(int(rest[value.argmax()]))
        model = model.believe(pool.X[picks[-1:]])
    return picks


def by_tpe(
    pool: Pool, chosen: list[int], left: Array, n: int, rng: np.random.Generator
) -> list[int]:
    """Choose by the ratio of two Parzen densities."""
    if len(chosen) < 10:
        return at_random(pool, chosen, left, n, rng)
    n_good = min(int(np.ceil(0.1 * len(chosen))), 25)
    order = np.argsort(-pool.gains[chosen], kind="stable")
    good, bad = np.array(chosen)[order[:n_good]], np.array(chosen)[order[n_good:]]
    embedding = Embedding(pool.space.coordinates)
    picks: list[int] = []
    for _ in range(n):
        rest = np.setdiff1d(left, picks)
        # The running ones of the batch count as bad: Optuna's constant liar.
        high = _density(pool.X, good, rest, embedding)
        low = _density(pool.X, np.append(bad, picks).astype(int), rest, embedding)
        weight = np.exp(high - high.max())
        drawn = rng.choice(
            len(rest),
            min(_CANDIDATES, np.count_nonzero(weight)),
            replace=False,
            p=weight / weight.sum(),
        )
        picks.append(int(rest[drawn[(high - low)[drawn].argmax()]]))
    return picks


def _density(X: Array, data: Array, at: Array, embedding: Embedding) -> Array:
    """Return the log density at some places: one independent estimator a hyperparameter."""
    total = np.zeros(len(at))
    numbers, choices = embedding._numbers, embedding._choices
    for column in numbers:
        seen = X[data, column]
        seen = seen[seen >= 0]
        place = X[at, column]
        width = max(0.1, 0.4 * max(len(seen), 1) ** -0.5)
        bumps = np.exp(-0.5 * ((place[:, None] - seen) / width) ** 2) / (width * 2.5)
        value = np.log((1.0 + bumps.sum(axis=1)) / (1 + len(seen)))
        total += np.where(place >= 0, value, 0.0)
    group = embedding.group[2 * len(numbers) :]
    for name in np.unique(group):
        columns = choices[group == name]
        seen = X[np.ix_(data, columns)]
        seen = np.maximum(seen[seen.max(axis=1) > 0], 0.0)
        share = (seen.sum(axis=0) + 1.0 / len(columns)) / (len(seen) + 1.0)
        place = X[np.ix_(at, columns)]
        total += np.where(place.max(axis=1) > 0, np.log(np.maximum(place, 0) @ share + 1e-300), 0.0)
    return total


def by_turns(*parts: tuple[Choose, int]) -> Choose:
    """Return the choice of several strategies taking turns: each so many of a round."""
    turns = [part for part, share in parts for _ in range(share)]

    def choose(
        pool: Pool, chosen: list[int], left: Array, n: int, rng: np.random.Generator
    ) -> list[int]:
        counts: dict[int, int] = {}
        for place in range(len(chosen), len(chosen) + n):
            turn = parts.index(next(p for p in parts if p[0] is turns[place % len(turns)]))
            counts[turn] = counts.get(turn, 0) + 1
        picks: list[int] = []
        for turn, count in counts.items():
            picks += parts[turn][0](pool, chosen, np.setdiff1d(left, picks), count, rng)
        return picks

    return choose


def strategies() -> dict[str, Strategy]:
    """Return what is compared; guided starts as the product does."""
    return {
        "random": Strategy(choose=at_random),
        "random_cold": Strategy(choose=at_random, defaults=0),
        "tpe": Strategy(choose=by_tpe),
        "tpe_cold": Strategy(choose=by_tpe, defaults=0),
        "guided": Strategy(choose=by_process(random_every=8, experience=True), portfolio=10),
    }


def ablations() -> dict[str, Strategy]:
    """Return variants, one change each."""
    lent = by_process(random_every=8, experience=True)
    return {
        "no_experience": Strategy(choose=by_process(random_every=8)),
        "no_portfolio": Strategy(choose=lent),
        "no_prior": Strategy(choose=by_process(random_every=8), portfolio=10),
        "no_random": Strategy(choose=by_process(experience=True), portfolio=10),
        "leaders_first": Strategy(choose=lent, portfolio=6, leaders_first=True),
        "portfolio_6_no_defaults": Strategy(choose=lent, portfolio=6, defaults=0),
        "portfolio_all_defaults": Strategy(choose=lent, portfolio=10, defaults=10),
        "forest": Strategy(choose=by_forest),
        "neural": Strategy(choose=by_networks),
        "tpe_portfolio": Strategy(choose=by_tpe, portfolio=10),
        "random_portfolio": Strategy(choose=at_random, portfolio=10),
        "gp_no_fold_noise": Strategy(choose=by_process(noise=False)),
        "gp_no_fit": Strategy(choose=by_process(fit=0)),
    }


def compare(
    pools: list[Pool], chosen: dict[str, Strategy], *, seeds: int, trials: int
) -> list[dict[str, Any]]:
    """Return one record a table, strategy and seed: regret after 10, 30, 100 and the seconds."""
    records = []
    for pool in pools:
        for name, strategy in chosen.items():
            for seed in range(seeds):
                places, seconds = replay(pool, strategy, trials=trials, seed=seed)
                record: dict[str, Any] = {"table": pool.name, "strategy": name, "seed": seed}
                for count in COUNTS:
                    if count <= trials:
                        record[f"regret_{count}"] = pool.regret(places[:count])
                records.append(
                    record
                    | {
                        "choosing": seconds / len(places),
                        "running": float(pool.seconds[places].sum()),
                    }
                )
    return records

"""Ways to share a search's trials among families, replayed on recorded tables.

    python benchmarks/studies/search_families.py [--store FILE] [--trials 50] [--seeds 1]

Every variant proposes by the product's predictor with what the other tables say; they differ in
the families that a proposal may be of:

``quota``    not one with half of the last eight trials: the product's rule
``none``     any
``ucb3``     of those that the quota leaves, the three of the largest MaxUCB index
``ucb``      the one of the largest MaxUCB index
``offsets``  the quota, and experience is corrected by each family's mean error so far

MaxUCB is Balef, Vernade and Eggensperger, *Put CASH on bandits* (2025): a family's best reward plus
(a log t / n) squared. A reward is the log of the error, scaled so that the best trial so far has 1
and the worst family's best 0.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from searches.pool import Pool, open_store
from searches.replay import Choose, Strategy, at_random, replay

from espalier.pipelines.acquisition.functions import log_expected_improvement
from espalier.pipelines.experience.shipped import SHIPPED_FOLDER
from espalier.pipelines.surrogate.fold_noise import fold_noise
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.surrogate.prior_mean import Experience, GuidedProcess
from espalier.pipelines.surrogate.targets import normal_scores

Array = NDArray[np.float64]

COUNTS = (10, 20, 30, 50)
_RECENT, _RANDOM_EVERY, _ALPHA = 8, 8, 0.5


class Corrected:
    """Experience plus a number for each family."""

    def __init__(self, experience: Experience, offsets: Array) -> None:
        self._experience = experience
        self._offsets = offsets

    def mean(self, X: Array) -> Array:
        """Return the corrected means, shape (n,)."""
        return self._experience.mean(X) + self._of(X)

    def mean_gradient(self, X: Array) -> tuple[Array, Array]:
        """Return the corrected means, shape (n,), and their gradient, shape (n, d)."""
        mean, gradient = self._experience.mean_gradient(X)
        return mean + self._of(X), gradient

    def _of(self, X: Array) -> Array:
        return self._offsets[X[:, : len(self._offsets)].argmax(axis=1)]


def corrected(experience: Experience, X: Array, y: Array, n_families: int) -> Experience:
    """Return experience corrected by each family's mean error, shrunk as by one more trial."""
    family = X[:, :n_families].argmax(axis=1)
    error = y - experience.mean(X)
    error -= error.mean()
    sums = np.bincount(family, error, minlength=n_families)
    return Corrected(experience, sums / (np.bincount(family, minlength=n_families) + 1.0))


def within_quota(families: Sequence[str], tried: Sequence[str]) -> set[str]:
    """Return the families with less than half of the last trials."""
    last = list(tried)[-_RECENT:]
    return {each for each in families if 2 * last.count(each) < _RECENT} or set(families)


def indices(gains: Array, tried: Sequence[str], families: Sequence[str]) -> dict[str, float]:
    """Return the MaxUCB index of each family; infinite for one that was not tried."""
    reward = -np.log(np.maximum(-gains if gains.max() < 0 else 1.0 - gains, 1e-9))
    best = {
        each: max((r for r, name in zip(reward, tried, strict=True) if name == each), default=None)
        for each in families
    }
    known = [each for each in best.values() if each is not None and np.isfinite(each)]
    span = max(max(known) - min(known), 1e-12)
    found = {}
    for each in families:
        n, own = list(tried).count(each), best[each]
        scaled = 0.0 if own is None or not np.isfinite(own) else 1 - (max(known) - own) / span
        found[each] = scaled + (_ALPHA * np.log(len(tried)) / n) ** 2 if n else np.inf
    return found


def open_families(
    rule: str, gains: Array, tried: Sequence[str], families: Sequence[str]
) -> set[str]:
    """Return the families that the next proposal may be of."""
    if rule == "none":
        return set(families)
    allowed = set(families) if rule == "ucb" else within_quota(families, tried)
    if rule not in ("ucb", "ucb3"):
        return allowed
    by_index = indices(gains, tried, families)
    ranked = sorted(allowed, key=lambda each: -by_index[each])
    return set(ranked[: 1 if rule == "ucb" else 3])


def by(rule: str) -> Choose:
    """Return the choice of the largest log EI among the families that the rule leaves open."""

    def choose(
        pool: Pool, chosen: list[int], left: Array, n: int, rng: np.random.Generator
    ) -> list[int]:
        families = np.array([each.family for each in pool.configurations])
        X, y = pool.X[chosen], normal_scores(pool.gains[chosen])
        process: GaussianProcess | GuidedProcess = GaussianProcess(
            Embedding(pool.space.coordinates), max_iterations=20
        )
        if pool.lent is not None:
            prior = pool.lent.prior
            if rule == "offsets":
                prior = corrected(prior, X, y, len(pool.space.families))
            process = GuidedProcess(process, prior, seed=len(chosen))
        process = process.fit(X, y, noise=fold_noise(pool.folds[chosen]))
        best = float(process.predict(X)[0].max())
        picks: list[int] = []
        for _ in range(n):
            rest, sequence = np.setdiff1d(left, picks), [*chosen, *picks]
            if len(sequence) % _RANDOM_EVERY == 0:
                picks += at_random(pool, chosen, rest, 1, rng)
            else:
                names = sorted(set(families[rest]))
                allowed = open_families(rule, pool.gains[sequence], list(families[sequence]), names)
                rest = rest[np.isin(families[rest], list(allowed))]
                value = log_expected_improvement(*process.predict(pool.X[rest]), best)
                picks.append(int(rest[value.argmax()]))
            process = process.believe(pool.X[picks[-1:]])
        return picks

    return choose


RULES = ("quota", "none", "ucb3", "ucb", "offsets")


def main() -> None:
    """Replay every rule on every table, and print the mean regrets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=Path, default=SHIPPED_FOLDER / "records.parquet")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    counts = [each for each in COUNTS if each <= options.trials]
    pools = open_store(options.store)
    figures = {}
    for rule in RULES:
        strategy = Strategy(choose=by(rule), portfolio=10)
        runs = [
            (pool, replay(pool, strategy, trials=options.trials, seed=seed)[0])
            for pool in pools
            for seed in range(options.seeds)
        ]
        figures[rule] = {
            count: round(float(np.mean([pool.regret(run[:count]) for pool, run in runs])), 4)
            for count in counts
        }
        print(f"{rule:8} {figures[rule]}", flush=True)
    print(json.dumps({"tables": len(pools), "regret": figures}))


if __name__ == "__main__":
    main()

"""Replay strategies on recorded tables.

The recorded configurations are the space: a strategy chooses among those it has not had yet, by
its own acquisition. Nothing is looked up by nearness, so no error can hide there; what replay
cannot show is what a continuous proposal between the recorded ones would have gained (that is what
the live mode and ``ascent_win_rate`` are for).

Strategies in a pool: ``random`` draws; ``gp`` and ``forest`` take the largest log expected
improvement, batches of four believed; ``guided`` is ``gp`` with one trial in eight at random;
``tpe`` draws 24 of the pool in proportion to its density of good trials and takes the largest ratio
of good to bad (independent Parzen estimators, gamma and start-up as in Optuna's default).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from search_record import RecordOptions, open_workplace, read_header, read_results

from pipelines.acquisition.functions import log_expected_improvement
from pipelines.configuration import Configuration
from pipelines.evaluation.metrics import get_metric
from pipelines.evaluation.racing import is_beaten
from pipelines.experience.mapping import mapped, space_of
from pipelines.experience.store import ExperienceStore
from pipelines.problem import ProblemKind
from pipelines.seeds import generator
from pipelines.space.joint import SearchSpace
from pipelines.surrogate.fold_noise import fold_noise
from pipelines.surrogate.forest import ForestPredictor
from pipelines.surrogate.gaussian_process import GaussianProcess
from pipelines.surrogate.kernel import Embedding
from pipelines.surrogate.neural import NeuralPredictor
from pipelines.surrogate.targets import normal_scores
from pipelines.trial import TrialResult

Array = NDArray[np.float64]

BATCH = 4
_LEADERS = ("lightgbm", "linear", "extra_trees", "catboost")
_CANDIDATES = 24  # of Optuna's TPE


@dataclass(frozen=True, slots=True)
class Pool:
    """A recorded table as a space of its own.

    Attributes
    ----------
    name : str
        The dataset.
    space : SearchSpace
        Encodes the configurations.
    configurations : list of Configuration
        What was recorded.
    X : array, shape (n, d)
        Encoded.
    gains : array, shape (n,)
        Scores, larger is better; -inf for what failed.
    folds : array, shape (n, n_folds)
        Scores of the folds, larger is better; NaN for what failed.
    seconds : array, shape (n,)
        Of each trial.
    """

    name: str
    space: SearchSpace
    configurations: list[Configuration]
    X: Array
    gains: Array
    folds: Array
    seconds: Array

    def regret(self, chosen: list[int]) -> float:
        """Return how far the best chosen is from the pool's best, in units best - median."""
        finite = self.gains[np.isfinite(self.gains)]
        span = finite.max() - np.median(finite)
        found = self.gains[chosen].max()
        return float(min(1.0, (finite.max() - found) / span)) if np.isfinite(found) else 1.0


def open_pool(data: Path, path: Path, options: RecordOptions) -> Pool:
    """Return a recorded table.

    Where a family has changed since, its recorded configurations are read in the space of today:
    what it lacks takes its default. Those that have become equal or impossible are left out.
    """
    header = read_header(path)
    place = open_workplace(data, path.stem, options)
    sign = get_metric(header["metric"], ProblemKind(header["problem"]), header["n_classes"]).sign
    found: dict[Configuration, TrialResult] = {}
    for result in read_results(path):
        recorded = result.trial.configuration
        if recorded.family in place.space.families:
            try:
                found.setdefault(place.space.complete(recorded.family, dict(recorded)), result)
            except ValueError:  # a choice that is gone
                continue
    configurations, kept = list(found), list(found.values())
    folds = np.full((len(kept), header["folds"]), np.nan)
    for row, result in zip(folds, kept, strict=True):
        if result.succeeded:
            row[:] = sign * np.array(result.fold_scores)
    gains = np.where(np.isnan(folds[:, 0]), -np.inf, folds.mean(axis=1))
    return Pool(
        path.stem,
        place.space,
        configurations,
        place.space.encode(configurations),
        gains,
        folds,
        np.array([result.seconds for result in kept]),
    )


def open_store(path: Path) -> list[Pool]:
    """Return a pool a dataset of a store of experience (``espalier experience build``)."""
    pools = []
    for records in ExperienceStore(path).read().by_dataset.values():
        known = records[0].dataset
        space, sign = space_of(known.shape), known.scored_by.sign
        found: dict[Configuration, TrialResult] = {}
        for record in records:
            today = mapped(record.result.trial.configuration, space)
            if today is not None:
                found.setdefault(today, record.result)
        kept = list(found.values())
        folds = np.full((len(kept), known.n_folds), np.nan)
        for row, result in zip(folds, kept, strict=True):
            if result.succeeded:
                row[:] = sign * np.array(result.fold_scores)
        pools.append(
            Pool(
                known.name,
                space,
                list(found),
                space.encode(list(found)),
                np.where(np.isnan(folds[:, 0]), -np.inf, folds.mean(axis=1)),
                folds,
                np.array([result.seconds for result in kept]),
            )
        )
    return pools


Choose = Callable[["Pool", list[int], Array, int, np.random.Generator], list[int]]


def replay(
    pool: Pool, choose: Choose, *, starts: int, trials: int, seed: int
) -> tuple[list[int], float]:
    """Return the places chosen, in order, and the seconds of processor time spent choosing.

    ``starts`` defaults come first: 4 are the leaders', more are all families'.
    """
    rng = generator(seed, "replay", pool.name)
    names = pool.space.families if starts > len(_LEADERS) else _LEADERS[:starts]
    # A family's default was recorded before its other configurations. Asking the space for it
    # would miss it where the default has changed since.
    families = [each.family for each in pool.configurations]
    chosen = [families.index(name) for name in names if name in families]
    before = time.process_time()
    while len(chosen) < min(trials, len(pool.configurations)):
        left = np.setdiff1d(np.arange(len(pool.configurations)), chosen)
        n = min(BATCH, trials - len(chosen), len(left))
        chosen += choose(pool, chosen, left, n, rng)
    return chosen, time.process_time() - before


def at_random(
    pool: Pool, chosen: list[int], left: Array, n: int, rng: np.random.Generator
) -> list[int]:
    """Draw without replacement."""
    return [int(place) for place in rng.choice(left, n, replace=False)]


def by_process(
    *,
    random_every: int | None = None,
    noise: bool = True,
    exploit: float = 0.0,
    few: int = 3,
    fit: int = 20,
) -> Choose:
    """Return the choice of the largest log EI of a Gaussian process."""

    def choose(
        pool: Pool, chosen: list[int], left: Array, n: int, rng: np.random.Generator
    ) -> list[int]:
        if len(chosen) < few:
            return at_random(pool, chosen, left, n, rng)
        level = fold_noise(pool.folds[chosen]) if noise else 0.01
        process = GaussianProcess(Embedding(pool.space.coordinates), max_iterations=fit).fit(
            pool.X[chosen], normal_scores(pool.gains[chosen]), noise=level
        )
        best = float(process.predict(pool.X[chosen])[0].max()) - exploit
        picks: list[int] = []
        for _ in range(n):
            rest = np.setdiff1d(left, picks)
            if random_every and (len(chosen) + len(picks)) % random_every == 0:
                picks.append(int(rng.choice(rest)))
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
            picks.append(int(rng.choice(rest)))
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
            len(rest), min(_CANDIDATES, np.count_nonzero(weight)), replace=False,
            p=weight / weight.sum(),
        )  # fmt: skip
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


def strategies() -> dict[str, tuple[Choose, int]]:
    """Return each strategy with the number of defaults it starts from."""
    return {
        "random": (at_random, 4),
        "random_cold": (at_random, 0),
        "tpe": (by_tpe, 4),
        "tpe_cold": (by_tpe, 0),
        "forest": (by_forest, 4),
        "gp": (by_process(), 4),
        "guided": (by_process(random_every=8), 4),
    }


def ablations() -> dict[str, tuple[Choose, int]]:
    """Return variants of the process, one change each."""
    return {
        "neural": (by_networks, 4),
        "gp_all_defaults": (by_process(), 10),
        "gp_cold": (by_process(), 0),
        "gp_and_forest": (by_turns((by_process(), 1), (by_forest, 1)), 4),
        "gp_5_tpe_2_random_1": (by_turns((by_process(), 5), (by_tpe, 2), (at_random, 1)), 4),
        "gp_7_tpe_1": (by_turns((by_process(), 7), (by_tpe, 1)), 4),
        "gp_no_fold_noise": (by_process(noise=False), 4),
        "gp_no_fit": (by_process(fit=0), 4),
        "gp_explore": (by_process(exploit=-0.2), 4),
    }


def compare(
    pools: list[Pool], chosen: dict[str, tuple[Choose, int]], *, seeds: int, trials: int
) -> list[dict[str, Any]]:
    """Return one record a table, strategy and seed: regret after 10, 30, 100 and the seconds."""
    records = []
    for pool in pools:
        for name, (choose, starts) in chosen.items():
            for seed in range(seeds):
                places, seconds = replay(pool, choose, starts=starts, trials=trials, seed=seed)
                record: dict[str, Any] = {"table": pool.name, "strategy": name, "seed": seed}
                for count in (10, 30, 100):
                    if count <= trials:
                        record[f"regret_{count}"] = pool.regret(places[:count])
                records.append(
                    record | {"choosing": seconds, "running": float(pool.seconds[places].sum())}
                )
    return records


def fold_fits(pools: list[Pool], *, seeds: int, trials: int) -> dict[str, Any]:
    """Return the share of fold-fits that racing leaves, and the regret it costs.

    The trials of a guided replay are run again in their order with racing against the best
    complete one: a trial that is stopped has no score. Only what is lost among the same trials
    shows; a search that sees the stopped trials' partial scores may go elsewhere.
    """
    choose, starts = strategies()["guided"]
    used = whole = 0
    lost: list[float] = []
    for pool in pools:
        for seed in range(seeds):
            places, _ = replay(pool, choose, starts=starts, trials=trials, seed=seed)
            complete: list[int] = []
            for place in places:
                scores = pool.folds[place]
                if np.isnan(scores).any():
                    continue
                best = max(complete, key=lambda each: pool.gains[each], default=None)
                done = len(scores)
                if best is not None:
                    rival = pool.folds[best].tolist()
                    for n in range(1, len(scores)):
                        if is_beaten(scores[:n].tolist(), rival):
                            done = n
                            break
                used, whole = used + done, whole + len(scores)
                if done == len(scores):
                    complete.append(place)
            lost.append(pool.regret(complete) - pool.regret(places))
    share = used / whole
    print(f"racing: {share:.1%} of the fold-fits, {np.mean(lost):.4f} more regret")
    return {
        "fold_fits_share": round(share, 3),
        "racing_regret": round(float(np.mean(lost)), 5),
    }

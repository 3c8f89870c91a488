"""Replays for `experience.py`: what is learned from other tables, looked up on the one left out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from parts.experience.left_out_tables import others

from espalier.pipelines.acquisition.functions import log_expected_improvement
from espalier.pipelines.experience.first_candidates import Candidates
from espalier.pipelines.experience.recording.record import KnowledgeBase
from espalier.pipelines.experience.recording.space_alignment import AlignedDataset, AlignedKnowledge
from espalier.pipelines.experience.transfer.predictor import RunPrior
from espalier.pipelines.experience.transfer.process_validation import (
    LeaveOneOutProcess,
    validate_process,
)
from espalier.pipelines.experience.transfer.transfer_process import ProcessExperience
from espalier.pipelines.experience.transfer.validate import spearman
from espalier.pipelines.search.strategies.initial_design import LEADERS
from espalier.pipelines.seeds import generator
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.surrogate.prior_mean import GuidedProcess
from espalier.pipelines.surrogate.targets import normal_scores

Array = NDArray[np.float64]

FEWEST = 40  # recorded configurations; fewer are no choice
BATCH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What was recorded on the table that is left out.

    Attributes
    ----------
    table : AlignedDataset
        Configurations and scores.
    model : ProcessExperience
        What the other tables taught.
    prior : RunPrior
        What it expects, as a prior mean, in the coordinates of the table's space.
    X : array, shape (n, d)
        Encoded in the table's space.
    filling : array of int
        Places of the space-filling configurations.
    """

    table: AlignedDataset
    model: ProcessExperience
    prior: RunPrior
    X: Array
    filling: NDArray[np.int64]

    def regret(self, places: list[int]) -> float:
        """Return how far the best of ``places`` is from the best recorded, at most 1."""
        scores = self.table.scores
        finite = scores[np.isfinite(scores)]
        found = scores[places].max()
        if not np.isfinite(found):
            return 1.0
        return float(min(1.0, (finite.max() - found) / (finite.max() - np.median(finite))))

    @property
    def defaults(self) -> dict[str, int]:
        """The place of each family's default: the first of the family that was recorded."""
        found: dict[str, int] = {}
        for place, each in enumerate(self.table.configurations):
            found.setdefault(each.family, place)
        return found

    def first(self, n: int, among: NDArray[np.int64]) -> list[int]:
        """Return what a training would try first of the places ``among``."""
        table = self.table
        found = Candidates.of(
            [table.configurations[place] for place in among],
            np.ones(len(among)),  # what a trial costs here is not known before
            table.space,
            self.model,
            table.dataset.meta,
        )
        return [int(among[place]) for place in found.by_promise(n)]


def ranking(known: AlignedKnowledge) -> dict[str, Any]:
    """Print and return the rank correlations."""
    found = validate_process(known, known)
    values = np.array([value for _, value in found.by_dataset])
    for name, value in sorted(found.by_dataset, key=lambda each: each[1]):
        print(f"{name:24} {value:6.3f}")
    print(f"{'median':24} {found.median:6.3f}", flush=True)
    return {
        "median_spearman": found.median,
        "tables_below_0.2": int((values < 0.2).sum()),
        "lowest_spearman": float(values.min()),
    }


def open_pools(records: KnowledgeBase, known: AlignedKnowledge) -> list[Pool]:
    """Return a pool for each table with enough configurations."""
    pools = []
    for place, table in enumerate(known.datasets):
        if len(table.configurations) < FEWEST:
            continue
        model = ProcessExperience(seed=place).fit(others(known, table.dataset.fingerprint))
        origin = {
            each.result.trial.configuration.digest: each.result.trial.origin
            for each in records.by_dataset[table.dataset.key]
        }
        filling = [
            at for at, each in enumerate(table.configurations) if origin.get(each.digest) == "sobol"
        ]
        pools.append(
            Pool(
                table=table,
                model=model,
                prior=RunPrior(model, table.space, table.dataset.meta),
                X=table.space.encode(list(table.configurations)),
                filling=np.array(filling, dtype=np.int64),
            )
        )
    return pools


def replays(records: KnowledgeBase, known: AlignedKnowledge, *, seeds: int) -> dict[str, Any]:
    """Print and return how warm searches do beside cold ones and random draws."""
    rows = {}
    for pool in open_pools(records, known):
        everything = np.arange(len(pool.table.configurations))
        plain = np.union1d(pool.filling, list(pool.defaults.values())).astype(np.int64)
        leaders = [pool.defaults[name] for name in LEADERS if name in pool.defaults]
        rng = generator(0, "random", pool.table.dataset.name)
        forty = (
            [pool.regret(list(rng.choice(pool.filling, 40, replace=False))) for _ in range(50)]
            if len(pool.filling) > 40
            else [np.nan]
        )
        rows[pool.table.dataset.name] = {
            "configurations": len(everything),
            "defaults_4": pool.regret(leaders),
            "warm_4": pool.regret(pool.first(4, everything)),
            "warm_4_plain": pool.regret(pool.first(4, plain)),
            "warm_10": pool.regret(warm_search(pool, 10, seed=0)),
            "warm_10_plain": pool.regret(pool.first(10, plain)),
            "cold_10": float(
                np.mean([pool.regret(cold_search(pool, 10, seed=seed)) for seed in range(seeds)])
            ),
            "random_40": float(np.mean(forty)),
            "all_filling": pool.regret(list(pool.filling)),
            "n_filling": len(pool.filling),
        }
    names = list(next(iter(rows.values())))
    print(" " * 24, *(f"{name:>14}" for name in names))
    for table, row in rows.items():
        print(f"{table:24}", *(f"{row[name]:14.3f}" for name in names))
    columns = {name: np.array([row[name] for row in rows.values()]) for name in names}
    print(f"{'mean':24}", *(f"{_mean(columns[name]) or 0:14.3f}" for name in names), flush=True)
    known_40 = np.isfinite(columns["random_40"])
    shown = [name for name in names if not name.endswith(("ations", "filling"))]
    figures: dict[str, Any] = {f"regret_{name}": _mean(columns[name]) for name in shown}
    figures |= {
        "replayed_tables": len(rows),
        "warm_4_vs_defaults": wins(columns["warm_4"], columns["defaults_4"]),
        "warm_4_plain_vs_defaults": wins(columns["warm_4_plain"], columns["defaults_4"]),
        "warm_4_not_worse": float((columns["warm_4"] <= columns["defaults_4"] + 1e-9).mean()),
        "tables_with_random_40": int(known_40.sum()),
        "warm_10_vs_all_filling": wins(columns["warm_10"], columns["all_filling"]),
        "warm_10_plain_vs_all_filling": wins(columns["warm_10_plain"], columns["all_filling"]),
        "regret_all_filling": float(columns["all_filling"].mean()),
        "mean_n_filling": float(columns["n_filling"].mean()),
    }
    if known_40.any():
        warm, random = columns["warm_10"][known_40], columns["random_40"][known_40]
        figures["warm_10_vs_random_40"] = wins(warm, random)
        figures["regret_warm_10_there"] = float(warm.mean())
    return figures


def _mean(values: Array) -> float | None:
    """Return the mean of the finite values; None without any."""
    kept = values[np.isfinite(values)]
    return float(kept.mean()) if len(kept) else None


def wins(ours: Array, theirs: Array) -> float:
    """Return the share of tables with the smaller regret; a tie is half a win."""
    return float(np.where(np.abs(ours - theirs) < 1e-9, 0.5, ours < theirs).mean())


def warm_search(pool: Pool, n: int, *, seed: int) -> list[int]:
    """Return the places that a search with experience chooses, in order."""
    everything = np.arange(len(pool.table.configurations))
    return _search(pool, pool.first(BATCH, everything), n, seed=seed, prior=pool.prior)


def cold_search(pool: Pool, n: int, *, seed: int) -> list[int]:
    """Return the places that a search without experience chooses, in order."""
    leaders = [pool.defaults[name] for name in LEADERS if name in pool.defaults]
    return _search(pool, leaders, n, seed=seed, prior=None)


def _search(
    pool: Pool, start: list[int], n: int, *, seed: int, prior: RunPrior | None
) -> list[int]:
    chosen = list(start)
    embedding = Embedding(pool.table.space.coordinates)
    while len(chosen) < n:
        y = normal_scores(pool.table.scores[chosen])
        process = GaussianProcess(embedding)
        model = process if prior is None else GuidedProcess(process, prior, seed=seed)
        model = model.fit(pool.X[chosen], y)
        best = float(model.predict(pool.X[chosen])[0].max())
        for _ in range(min(BATCH, n - len(chosen))):
            rest = np.setdiff1d(np.arange(len(pool.X)), chosen)
            value = log_expected_improvement(*model.predict(pool.X[rest]), best)
            chosen.append(int(rest[value.argmax()]))
            model = model.believe(pool.X[chosen[-1:]])
    return chosen


def halves(known: AlignedKnowledge, *, seeds: int) -> dict[str, Any]:
    """Return the median rank correlation on a half of the tables, before and after the other.

    Before, a quarter of the tables is known: a predictor of nothing ranks nothing.
    """
    before: list[float] = []
    after: list[float] = []
    for seed in range(max(seeds, 5)):
        order = generator(seed, "halves").permutation(len(known.datasets))
        half = len(order) // 2
        held = [known.datasets[place] for place in order[:half]]
        other = [known.datasets[place] for place in order[half:]]
        for taught, found in ((other[: max(3, half // 2)], before), (other, after)):
            model = LeaveOneOutProcess(known.with_datasets(tuple(taught)))
            values = [
                spearman(model.expected(each, known.coordinates), each.scores) for each in held
            ]
            found.append(float(np.median(values)))
    print(
        f"held-out half: median Spearman {np.mean(before):.3f} knowing half of the other half, "
        f"{np.mean(after):.3f} knowing all of it ({len(before)} splits)",
        flush=True,
    )
    return {
        "half_spearman_before": float(np.mean(before)),
        "half_spearman_after": float(np.mean(after)),
        "half_rises_in": float(np.mean(np.array(after) > np.array(before))),
    }

"""How often gradient ascent beats 2,000 random candidates, and what choosing costs.

The trials are recorded ones, taken in a random order; what is proposed on top of them is compared
by acquisition only and never evaluated, so the whole space is open to it.
"""

import time
from typing import Any

import numpy as np
from searches.pool import Pool

from espalier.pipelines.acquisition.guide import propose_by_gradient
from espalier.pipelines.acquisition.objective import Objective
from espalier.pipelines.evaluation.limits import limit_threads
from espalier.pipelines.seeds import generator
from espalier.pipelines.surrogate.fold_noise import fold_noise
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.surrogate.targets import normal_scores

BATCH = 4


def ascents(pools: list[Pool], *, seeds: int, trials: int) -> dict[str, Any]:
    """Return the win rate and the seconds of processor time per proposal."""
    wins: list[bool] = []
    gains: list[float] = []
    seconds: dict[int, list[float]] = {}
    for pool in pools:
        for seed in range(seeds):
            order = generator(seed, "ascent", pool.name).permutation(len(pool.gains))
            for n in (12, 30, 60, 100):
                if n > trials:
                    continue
                before = time.process_time()
                with limit_threads(1):
                    picks = _picks(pool, order[:n], seed)
                seconds.setdefault(n, []).append((time.process_time() - before) / BATCH)
                wins += [pick.by_ascent for pick in picks]
                gains += [pick.value - pick.random_value for pick in picks if pick.by_ascent]
    per_trial = {n: float(np.mean(each)) for n, each in seconds.items()}
    print(f"ascent won {np.mean(wins):.1%} of {len(wins)} proposals,")
    print(f"by {np.median(gains):.2f} in log EI (median of those won);")
    for n, each in per_trial.items():
        print(f"choosing costs {1000 * each:.0f} ms a trial after {n} trials")
    mean = float(np.mean(list(per_trial.values())))
    return {
        "ascent_win_rate": round(float(np.mean(wins)), 3),
        "ascent_proposals": len(wins),
        "choosing_ms_per_trial": {str(n): round(1000 * each, 1) for n, each in per_trial.items()},
        # The share of a run whose trials take a second each.
        "choosing_share": round(mean / (1.0 + mean), 4),
    }


def _picks(pool: Pool, places: Any, seed: int) -> list[Any]:
    X, gains = pool.X[places], normal_scores(pool.gains[places])
    process = GaussianProcess(Embedding(pool.space.coordinates)).fit(
        X, gains, noise=fold_noise(pool.folds[places])
    )
    believed = process.predict(X)[0]
    best = np.argsort(-believed)[:5]
    return propose_by_gradient(
        pool.space,
        Objective(predictor=process, best=float(believed.max())),
        process,
        tried=[pool.configurations[place] for place in places],
        incumbents=[pool.configurations[places[place]] for place in best],
        n=BATCH,
        rng=generator(seed, "picks", pool.name, len(places)),
        max_per_family=BATCH // 2,
    )

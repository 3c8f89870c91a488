"""What fold racing saves on recorded tables, and what it costs in quality."""

from dataclasses import replace
from typing import Any

import numpy as np
from searches.pool import Pool
from searches.replay import BATCH, replay, strategies

from espalier.pipelines.search.limits.racing import FEWEST_WHOLE, floors
from espalier.pipelines.seeds import generator

_MEMBERS = 5
"""Of the best trials: what an ensemble is made of."""


def fold_fits(pools: list[Pool], *, seeds: int, trials: int) -> dict[str, Any]:
    """Return the share of fold-fits that racing leaves, and what that costs.

    A guided replay is run twice, without racing and with it: then a trial that is stopped counts
    by its lead over the best on the folds it had, as in the product, and is no candidate for the
    best.
    """
    used = whole = 0
    lost: list[float] = []
    members: list[float] = []
    for pool in pools:
        for seed in range(seeds):
            plain, _ = replay(pool, strategies()["guided"], trials=trials, seed=seed)
            places, done = _raced(pool, trials, seed)
            n_folds = pool.folds.shape[1]
            used, whole = used + sum(done), whole + n_folds * len(done)
            complete = [place for place, each in zip(places, done, strict=True) if each == n_folds]
            lost.append(pool.regret(complete) - pool.regret(plain))
            best = sorted(places, key=lambda each: -pool.gains[each])[:_MEMBERS]
            members.append(float(np.mean([each in complete for each in best])))
    share = used / whole
    print(
        f"racing: {share:.1%} of the fold-fits, {np.mean(lost):+.4f} regret; "
        f"{np.mean(members):.1%} of the best {_MEMBERS} trials are whole"
    )
    return {
        "fold_fits_share": round(share, 3),
        "racing_regret": round(float(np.mean(lost)), 5),
        "racing_members_kept": round(float(np.mean(members)), 3),
    }


def _raced(pool: Pool, trials: int, seed: int) -> tuple[list[int], list[int]]:
    """Return the places chosen with racing, in order, and the folds that each had."""
    guided = strategies()["guided"]
    n_folds = pool.folds.shape[1]
    rng = generator(seed, "replay", pool.name)
    chosen: list[int] = []
    done: list[int] = []
    queue = guided.start(pool)[:trials]
    while len(chosen) < min(trials, len(pool.configurations)):
        if queue:
            batch, queue = queue[:BATCH], queue[BATCH:]
        else:
            left = np.setdiff1d(np.arange(len(pool.configurations)), chosen)
            n = min(BATCH, trials - len(chosen), len(left))
            batch = guided.choose(_seen(pool, chosen, done), chosen, left, n, rng)
        known = [
            place
            for place, each in zip(chosen, done, strict=True)
            if each == n_folds and np.isfinite(pool.gains[place])
        ]
        stops = floors(_looks(pool.folds[known])) if len(known) >= FEWEST_WHOLE else ()
        chosen += batch
        done += [_folds_done(pool.folds[place], stops) for place in batch]
    return chosen, done


def _looks(folds: Any) -> Any:
    """Return mean scores after each fold, shape (n, n_folds)."""
    return folds.cumsum(axis=1) / np.arange(1, folds.shape[1] + 1)


def _folds_done(scores: Any, stops: tuple[float, ...]) -> int:
    for place, stop in enumerate(stops):
        if scores[: place + 1].mean() < stop:
            return place + 1
    return len(scores)


def _seen(pool: Pool, chosen: list[int], done: list[int]) -> Pool:
    """Return the pool as a search knows it: a stopped trial by its lead on its folds."""
    n_folds = pool.folds.shape[1]
    complete = [place for place, each in zip(chosen, done, strict=True) if each == n_folds]
    best = max(complete, key=lambda each: pool.gains[each])
    gains, folds = pool.gains.copy(), pool.folds.copy()
    for place, each in zip(chosen, done, strict=True):
        if each < n_folds:
            lead = pool.folds[place, :each].mean() - pool.folds[best, :each].mean()
            gains[place] = pool.gains[best] + lead
            folds[place] = np.nan
    return replace(pool, gains=gains, folds=folds)

"""Choose how forecasts are combined, on origins and series that no weight was fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from espalier.pipelines.ensemble.horizon.records import Floats, ForecastRecords
from espalier.pipelines.ensemble.horizon.rules import (
    BEST,
    FORECAST_COMBINERS,
    ForecastCombiner,
    ForecastRule,
    Weights,
)
from espalier.pipelines.resources.budget import NEVER, Deadline

# From so many series on, weights are judged on other series than they were fitted to.
FEWEST_SERIES = 12
# Another combiner than the first must be better by this many standard errors.
CLEARLY = 2.0
# Independent cells at which the share of the combination counts half what they say it should be.
HALF_SHARE_CELLS = 10.0
SHARES = np.linspace(0.0, 1.0, 11)
# From so many of them on, a combination that loses more than the base forecast is not kept.
GUARDED_CELLS = 6
# With fewer independent cells (series x origins) than this, weights would be noise.
FEWEST_CELLS = 2


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ForecastChoice:
    """The chosen rule, and how it was chosen.

    Attributes
    ----------
    rule : ForecastRule
        Fitted to all cells, without members of hardly any weight.
    method : str
        Name of the combiner.
    losses : dict of str to float
        Loss of each combiner on cells that it was not fitted to, in units.
    nested : array, shape (W, S, H)
        Forecasts of the chosen combiner in units, each from weights fitted to other cells.
    share : float
        What its forecasts were multiplied with, in [0, 1]; the rest is the base forecast's.
    """

    rule: ForecastRule
    method: str
    losses: dict[str, float]
    nested: Floats = field(repr=False)
    share: float = 1.0

    def only(self, there: Sequence[int]) -> "ForecastChoice":
        """Return the choice with only the members at these places, who take over the others'."""
        rule = self.rule
        if len(there) == len(rule.numbers) or not there:
            return self
        return replace(self, rule=rule.only(there))


def choose_forecast_rule(
    records: ForecastRecords,
    *,
    seed: int,
    combiners: Sequence[ForecastCombiner] = FORECAST_COMBINERS,
    deadline: Deadline = NEVER,
) -> ForecastChoice:
    """Return the best rule to combine these trials.

    Each combiner is fitted to all origins but one and to one half of the series, and forecasts the
    other half at that origin; with few series or one origin, only one of the two is left out. The
    mean of the learned weightings is chosen unless another is clearly better.

    What it says on those cells is then multiplied with one share in [0, 1] that suits them best, so
    that on random walks next to nothing is left of it (`combined_share`).

    Parameters
    ----------
    records : ForecastRecords
        The library.
    seed : int
        Seed of halves and samples.
    combiners : sequence of ForecastCombiner
        The combiners, the preferred ones first and the simplest last.
    deadline : Deadline
        Once it has passed, only combiners that are done are compared.
    """
    splits = _splits(records)
    if len(records) == 1 or not splits:
        rule = BEST.fit(records, np.ones(records.actual.shape, dtype=bool), seed, deadline)
        nested = rule.apply(records.made)
        return ForecastChoice(rule=rule.sparse(), method=BEST.name, losses={}, nested=nested)
    found: dict[str, tuple[ForecastCombiner, Floats]] = {}
    everything = np.ones(records.actual.shape, dtype=bool)
    with threadpool_limits(limits=1):
        known: list[Weights] = [{} for _ in splits]
        # The simplest first, so that there is something when the time is up.
        for combiner in reversed(combiners):
            if found and deadline.passed:
                break
            try:
                nested = _nested(records, combiner, splits, known, seed, deadline)
            except TimeoutError:
                break
            found[combiner.name] = (combiner, nested)
        winner = _winner(records, found)
        combiner, nested = found[winner]
        rule = combiner.fit(records, everything, seed, NEVER)
    losses = {name: float(np.nanmean(_losses(records, n))) for name, (_, n) in found.items()}
    share = 1.0 if rule.median else combined_share(records, nested)
    return ForecastChoice(
        rule=rule.sparse().scaled(share),
        method=winner,
        losses=losses,
        nested=share * nested,
        share=share,
    )


def combined_share(records: ForecastRecords, nested: Floats) -> float:
    """Return how much of a combination's difference from the base forecast is worth keeping.

    Parameters
    ----------
    records : ForecastRecords
        The library.
    nested : array, shape (W, S, H)
        Forecasts in units, each from weights fitted to other cells.

    Returns
    -------
    float
        The share with the smallest loss on these cells, drawn to 1 where they are few. From
        `GUARDED_CELLS` on it is not drawn where the combination would then lose more than the base.
    """
    means = [float(np.nanmean(_losses(records, share * nested))) for share in SHARES]
    # Of equal ones the largest: where nothing differs, nothing is changed.
    best = max(range(len(SHARES)), key=lambda at: (-means[at], at))
    cells = float((records.known & np.isfinite(nested)).any(axis=2).sum())
    believed = cells / (cells + HALF_SHARE_CELLS)
    share = float(believed * SHARES[best] + 1.0 - believed)
    lost = float(np.nanmean(_losses(records, share * nested)))
    worse = lost > means[0] and cells >= GUARDED_CELLS
    return float(SHARES[best]) if worse else share


def _splits(records: ForecastRecords) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Return pairs of cells to fit to and to judge on, shape (W, S, 1) each."""
    known = np.asarray(records.known.any(axis=2))
    n_origins, n_series = known.shape
    if known.sum() < FEWEST_CELLS:
        return []
    halves = [np.arange(n_series) % 2 == side for side in (0, 1)]
    if known.any(axis=0).sum() < FEWEST_SERIES:
        halves = [np.ones(n_series, dtype=bool)]
    full = [w for w in range(n_origins) if known[w].any()]
    if len(full) == 1 and len(halves) == 1:
        return []
    found = []
    for origin, half in product(full, halves):
        judged = np.zeros(known.shape, dtype=bool)
        judged[origin, half] = True
        fitted = known.copy()
        if len(full) > 1:
            fitted[origin] = False
        if len(halves) > 1:
            fitted[:, half] = False
        if fitted.any() and (judged & known).any():
            found.append((fitted[:, :, None], judged[:, :, None]))
    return found


def _nested(
    records: ForecastRecords,
    combiner: ForecastCombiner,
    splits: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]],
    known: list[Weights],
    seed: int,
    deadline: Deadline,
) -> Floats:
    made = np.full(records.actual.shape, np.nan)
    for (fitted, judged), weights in zip(splits, known, strict=True):
        cells = np.broadcast_to(fitted, records.actual.shape)
        rule = combiner.fit(records, cells, seed, deadline, weights)
        w, s = np.nonzero(judged[:, :, 0])
        made[w, s] = rule.apply(records.made[:, w, s])
    return made


def _losses(records: ForecastRecords, nested: Floats) -> Floats:
    """Return each series' mean loss, shape (S,); NaN without any value."""
    power = 2 if records.loss == "rmse" else 1
    away = np.abs(records.actual - nested) ** power
    known = np.isfinite(away)
    counts = known.sum(axis=(0, 2))
    sums = np.where(known, away, 0.0).sum(axis=(0, 2))
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _winner(records: ForecastRecords, found: dict[str, tuple[ForecastCombiner, Floats]]) -> str:
    ordered = list(reversed(found))
    losses = {name: _losses(records, found[name][1]) for name in ordered}
    means = {name: float(np.nanmean(each)) for name, each in losses.items()}
    best = min(ordered, key=lambda name: means[name])
    for name in ordered:
        away = losses[name] - losses[best]
        away = away[np.isfinite(away)]
        error = float(away.std() / np.sqrt(len(away))) if len(away) > 1 else 0.0
        if means[name] - means[best] <= CLEARLY * error:
            return name
    return best

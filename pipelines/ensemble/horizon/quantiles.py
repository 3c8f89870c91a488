"""Quantiles from what forecasts missed where they were not fitted (conformal prediction).

Symbols as in `records`; Q quantiles. A residual of a series at step h is taken apart into

    scale of the series x its own factor x spread of the step x one pooled residual

so that every series helps to tell the shape, and few residuals suffice. A series' own factor is
shrunk to 1, as its residuals of one origin are alike. Errors grow or shrink with time: where many
series tell how large those of each origin are, all are brought to the size of the newest ones
(adaptive conformal prediction). Angelopoulos, Bates (2023), *Conformal
prediction: a gentle introduction*, with normalised residuals.

Pooled residuals are divided by what the *other* origins say of size, as the next origin will be:
Barber, Candes, Ramdas, Tibshirani (2021), *Predictive inference with the jackknife+*. By its own
size as well, a bad origin would be made to look like a usual one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtri, stdtrit

from espalier.pipelines.ensemble.horizon.records import Floats
from espalier.pipelines.ensemble.horizon.rules import horizon_blocks, n_blocks_of

# Residuals that a series' own factor must outweigh; those of one origin count as so many at most.
_PRIOR_RESIDUALS = 8.0
_PER_ORIGIN = 3.0
# An origin counts so much less than the next newer one for the size of errors, and so many series
# are needed to believe half of what an origin's size says.
_OLDER, _HALF_SERIES = 0.25, 20.0
# Independent residuals of an origin of one series before any are seen (of S series the square root
# of S times as many); and how many make their own centre count half.
_USUAL_PER_ORIGIN, _HALF_CENTRE = 2.0, 10.0
# However independent steps look, the next origin may be another sort of time: origins count as one
# each, and as many more of them as this are granted.
_MORE_ORIGINS = 2.0
# Where nothing is known, errors are as those of the base forecast: Laplace, of one unit.
_LEAST_ROWS = 10
_SMALLEST = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QuantileModel:
    """Turns forecasts into quantiles.

    Attributes
    ----------
    levels : tuple of float, length Q
        Levels in (0, 1), ascending.
    spread : array, shape (H,)
        Mean absolute residual of each step, in units.
    shape : array, shape (B, Q)
        Quantiles of the pooled residuals by block of the horizon.
    factors : array, shape (S,)
        Own factor of every series.
    """

    levels: tuple[float, ...]
    spread: Floats = field(repr=False)
    shape: Floats = field(repr=False)
    factors: Floats = field(repr=False)

    def quantiles(self, forecasts: Floats, scales: Floats, factors: Floats) -> Floats:
        """Return quantiles that do not cross, shape (S, H, Q).

        Parameters
        ----------
        forecasts : array, shape (S, H)
            Point forecasts.
        scales, factors : array, shape (S,)
            Scale and own factor of each series; 1 for a series that was never seen.
        """
        blocks = horizon_blocks(len(self.spread), len(self.shape))
        width = (scales * factors)[:, None] * self.spread
        made = forecasts[:, :, None] + width[:, :, None] * self.shape[blocks][None, :, :]
        return np.sort(made, axis=2)


def fit_quantiles(residuals: Floats, levels: Sequence[float]) -> QuantileModel:
    """Return the quantile model of residuals in units, shape (W, S, H), NaN where unknown.

    The newest origin comes first.
    """
    residuals = _as_newest(residuals)
    n_origins, n_series, horizon = residuals.shape
    known = np.isfinite(residuals)
    levels = tuple(sorted(levels))
    if known.sum() < _LEAST_ROWS:
        return _unknown(residuals, levels)
    spread = _spread_of(residuals)
    relative = np.where(known, residuals / spread, np.nan)
    shape = []
    n_blocks = n_blocks_of(horizon) if n_origins * n_series >= 40 else 1
    blocks = horizon_blocks(horizon, n_blocks)
    honest = _by_others(residuals, spread)
    independent = _independent(honest)
    for block in range(n_blocks):
        some = honest[:, :, blocks == block]
        some = some[np.isfinite(some)]
        some = some if len(some) >= _LEAST_ROWS else honest[np.isfinite(honest)]
        shape.append(_quantiles(some, levels, independent))
    return QuantileModel(
        levels=levels, spread=spread, shape=np.stack(shape), factors=_factors(relative)
    )


def _by_others(residuals: Floats, spread: Floats) -> Floats:
    """Return the residuals by the size that the other origins tell, (W, S, H), as a new one's.

    A single origin is divided by ``spread``, its own size, as there is no other.
    """
    n_origins = len(residuals)
    found = np.empty_like(residuals)
    for origin in range(n_origins):
        others = np.delete(residuals, origin, axis=0)
        width = _spread_of(others) if np.isfinite(others).any() else spread
        factors = _factors(others / width)
        found[origin] = residuals[origin] / width / factors[:, None]
    return found


def _as_newest(residuals: Floats) -> Floats:
    """Return the residuals with those of older origins brought to the size of the newest ones.

    The fewer series there are, the less is done: of one series the origins differ by chance.
    """
    known = np.isfinite(residuals)
    counts = known.sum(axis=(1, 2))
    sizes = np.where(known, np.abs(residuals), 0.0).sum(axis=(1, 2)) / np.maximum(counts, 1)
    told = sizes > 0
    if told.sum() < 2:
        return residuals
    weights = told * _OLDER ** np.arange(len(residuals))
    newest = (weights * sizes).sum() / weights.sum()
    n_series = residuals.shape[1]
    share = n_series / (n_series + _HALF_SERIES)
    change = np.where(told, newest / np.where(told, sizes, 1.0), 1.0) ** share
    return np.asarray(residuals * change[:, None, None])


def _factors(relative: Floats) -> Floats:
    """Return each series' mean absolute residual, shrunk to 1, shape (S,)."""
    known = np.isfinite(relative)
    size = np.where(known, np.abs(relative), 0.0)
    per_origin = known.sum(axis=2)
    counts = per_origin.sum(axis=0)
    own = size.sum(axis=(0, 2)) / np.maximum(counts, 1)
    worth = np.minimum(per_origin, _PER_ORIGIN).sum(axis=0)
    return (_PRIOR_RESIDUALS + worth * own) / (_PRIOR_RESIDUALS + worth)


def _spread_of(residuals: Floats) -> Floats:
    """Return the mean size of residuals, (W, S, H), at each step, shape (H,)."""
    known = np.isfinite(residuals)
    sizes = np.where(known, np.abs(residuals), 0.0)
    return _smooth(sizes.sum(axis=(0, 1)), known.sum(axis=(0, 1)))


def _smooth(sums: Floats, counts: Floats) -> Floats:
    """Return the mean at each step, over neighbouring steps where there are few values."""
    horizon = len(sums)
    spread = np.empty(horizon)
    for h in range(horizon):
        width = 0
        while counts[max(0, h - width) : h + width + 1].sum() < 60 and width < horizon // 3:
            width += 1
        near = slice(max(0, h - width), h + width + 1)
        spread[h] = sums[near].sum() / max(counts[near].sum(), 1)
    empty = spread <= 0
    typical = float(spread[~empty].mean()) if (~empty).any() else _SMALLEST
    return np.where(empty, max(typical, _SMALLEST), spread)


def _independent(residuals: Floats) -> float:
    """Return how many independent residuals these, (W, S, H), are worth.

    Those of one origin are alike: what is missed at one step is missed at the next, and often in
    all series. Of independent ones around 0 the squared mean is their variance over their number,
    so that the ratio of the two tells how many there are at an origin. A few origins tell it badly,
    which is why one more is counted with them that is as usual for so many series.
    """
    known = np.isfinite(residuals)
    filled = np.where(known, residuals, 0.0)
    counts = known.sum(axis=(1, 2))
    variance = float((filled**2).sum() / max(int(counts.sum()), 1))
    if variance <= 0:
        return float(known.sum())
    told = counts > 0
    means = filled.sum(axis=(1, 2))[told] / counts[told]
    usual = _USUAL_PER_ORIGIN * np.sqrt(residuals.shape[1])
    share = ((means**2).sum() / variance + 1.0 / usual) / (told.sum() + 1.0)
    most = (told.sum() + _MORE_ORIGINS) * np.sqrt(residuals.shape[1])
    return float(min(max(told.sum() / share, 1.0), most, known.sum()))


def _quantiles(values: Floats, levels: tuple[float, ...], independent: float) -> Floats:
    """Return quantiles as wide as the number of independent values asks.

    With few of them, their centre is chance, so the values are taken with both signs; and the
    variance is not known well, so that the quantiles are those of Student's t in the place of the
    normal distribution's.
    """
    outer = np.asarray(levels)
    own = np.quantile(values, outer)
    both = np.quantile(np.concatenate([values, -values]), outer)
    believed = independent / (independent + _HALF_CENTRE)
    found = believed * own + (1.0 - believed) * both
    centre = believed * float(np.median(values))
    return np.asarray(centre + (found - centre) * _widening(outer, independent))


def _widening(levels: Floats, independent: float) -> Floats:
    """Return by how much quantiles of Student's t lie further out than those of the normal."""
    middle = np.abs(levels - 0.5) < _SMALLEST
    safe = np.where(middle, 0.75, levels)
    return np.where(middle, 1.0, stdtrit(independent, safe) / ndtri(safe))


def _unknown(residuals: Floats, levels: tuple[float, ...]) -> QuantileModel:
    """Return a model for hardly any residual: errors as large as those few, growing by step."""
    _, n_series, horizon = residuals.shape
    known = np.isfinite(residuals)
    size = np.where(known, np.abs(residuals), 0.0)
    typical = float(size.sum() / known.sum()) if known.any() else 1.0
    typical = max(typical, 0.5)
    steps = np.sqrt(np.arange(1, horizon + 1))
    share = np.asarray(levels)
    laplace = -np.sign(share - 0.5) * np.log(1.0 - 2.0 * np.abs(share - 0.5))
    return QuantileModel(
        levels=levels,
        spread=typical * steps / steps.mean(),
        shape=laplace[None, :],
        factors=np.ones(n_series),
    )

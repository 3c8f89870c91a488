"""Ridge regressions of many series at once, and the two families made of them.

Symbols: n series of a block, T steps, P predictors.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from espalier.pipelines.forecasting.blocks import Block, blocks_of, forecast_blocks
from espalier.pipelines.forecasting.panel import Floats, Ints, Panel
from espalier.pipelines.resources.budget import NEVER, Deadline

_EWMA = 0.3
# Times that the longest season is looked at, however few values are wanted: waves of a season that
# is seen in part are taken for a trend.
_CYCLES = 3
# Cells (values x predictors) of a series that count as one in the size of a block.
_CELLS_OF_ONE = 200


def ridge(X: Floats, y: Floats, penalty: Floats, centre: Floats | None = None) -> Floats:
    """Return coefficients of one ridge regression per series, shape (n, P).

    Parameters
    ----------
    X : array, shape (n, T, P)
        Predictors; rows of zeros where there is no value.
    y : array, shape (n, T)
        Values; zeros where there is none.
    penalty : array, shape (P,)
        Penalty of each coefficient, in units of the mean square of the predictors.
    centre : array or None, shape (n, P) or (P,)
        What coefficients are shrunk to; None for 0.
    """
    gram = np.einsum("ntp,ntq->npq", X, X)
    size = np.einsum("npp->np", gram)
    scale = np.maximum(size.mean(axis=1, keepdims=True), 1e-12)
    weights = penalty * scale + 1e-9 * scale
    right = np.einsum("ntp,nt->np", X, y)
    if centre is not None:
        right = right + weights * centre
    gram = gram + weights[:, :, None] * np.eye(X.shape[2])
    return np.linalg.solve(gram, right[:, :, None])[:, :, 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoregressionForecaster:
    """Autoregression by ridge; coefficients are shrunk to those of all series together.

    Attributes
    ----------
    lags : int
        Number of last values that predict the next.
    difference : str
        ``none``, ``first`` or ``seasonal`` differences are modelled.
    penalty : float
        Strength of the pull to the common coefficients.
    longest : int
        Number of last values of a series that are used.
    """

    lags: int = 6
    difference: str = "first"
    penalty: float = 0.3
    longest: int = 1000

    def fit(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Self:  # noqa: ARG002
        """Return the forecaster itself: common coefficients are of the series forecast."""
        return self

    def forecast(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Floats:
        """Return the forecasts, shape (S, H)."""
        made = np.zeros((len(panel), horizon))
        per_series = min(self.longest, 300) * (self.lags + 1) // 8
        for block in blocks_of(panel, longest=self.longest, per_series=per_series):
            deadline.check()
            made[block.rows] = self._block(block, horizon)
        return made

    def _block(self, block: Block, horizon: int) -> Floats:
        m = block.season
        step = {"none": 0, "first": 1, "seasonal": m}[self.difference]
        n, longest = block.values.shape
        known = block.mask
        values = block.values
        if step:
            changes = np.zeros_like(values)
            changes[:, step:] = values[:, step:] - values[:, :-step]
            known = known & (np.arange(longest) >= step)
            values = np.where(known, changes, 0.0)
        counts = np.maximum(known.sum(axis=1, keepdims=True), 1)
        mean = values.sum(axis=1, keepdims=True) / counts
        if step:
            mean = 0.8 * mean  # a trend is rarely as strong as it looks
        centred = np.where(known, values - mean, 0.0)
        size = np.sqrt((centred**2).sum(axis=1, keepdims=True) / counts)
        size = np.where(size > 0, size, 1.0)
        z = centred / size
        lags = [*range(1, self.lags + 1)]
        if m > self.lags:
            lags += [m, m + 1]
        lags = [lag for lag in lags if lag < longest - step] or [1]
        X = np.zeros((n, longest, len(lags)))
        for place, lag in enumerate(lags):
            X[:, lag:, place] = z[:, : longest - lag]
        usable = known & (np.arange(longest) >= step + lags[0])
        X *= usable[:, :, None]
        target = np.where(usable, z, 0.0)
        ones = np.ones(len(lags))
        common = ridge(
            X.reshape(1, -1, len(lags)), target.reshape(1, -1), 0.001 * ones + 0.0, None
        )[0]
        strength = self.penalty * 20.0 / np.maximum(counts, 20)
        coefficients = ridge(X, target, ones[None, :] * strength, common)
        # An explosive recursion is worse than none.
        total = np.abs(coefficients).sum(axis=1, keepdims=True)
        coefficients = coefficients * np.minimum(1.0, 1.5 / np.maximum(total, 1.5))
        need = max(lags)
        tail = Block(rows=block.rows, values=z, lengths=block.lengths, season=m).last(need)
        path = np.concatenate([np.where(np.isfinite(tail), tail, 0.0), np.zeros((n, horizon))], 1)
        places = need - np.asarray(lags)
        for h in range(horizon):
            path[:, need + h] = (coefficients * path[:, places + h]).sum(axis=1)
        ahead = mean + size * path[:, need:]
        return _integrate(ahead, block, step)


def _integrate(ahead: Floats, block: Block, step: int) -> Floats:
    """Return values from differences over ``step`` steps, shape (n, H)."""
    if step == 0:
        return ahead
    before = block.last(step)
    before = np.where(np.isfinite(before), before, block.last(1))
    path = np.concatenate([before, ahead], axis=1)
    for h in range(ahead.shape[1]):
        path[:, step + h] = path[:, h] + ahead[:, h]
    return path[:, step:]


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmonicForecaster:
    """Ridge regression on a line, waves of the seasons and the known covariates.

    Attributes
    ----------
    waves : int
        Pairs of sine and cosine for each season.
    line : bool
        Whether there is a line; without one the level is that of all values used.
    penalty : float
        Strength of the pull to 0.
    fading : float
        The last residuals go on, times this number at each step.
    longest : int
        Number of last values of a series that are used; more where a season is longer.
    """

    waves: int = 4
    line: bool = True
    penalty: float = 0.01
    fading: float = 0.9
    longest: int = 2000

    def fit(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Self:  # noqa: ARG002
        """Return the forecaster itself."""
        return self

    def forecast(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Floats:
        """Return the forecasts, shape (S, H)."""
        n_predictors = 2 + 2 * self.waves * max(len(panel.seasons), 1) + 2 * panel.n_covariates

        def one(block: Block, ahead: int) -> Floats:
            return self._block(panel, block, ahead)

        longest = max(self.longest, _CYCLES * max(panel.seasons, default=1))
        cells = min(longest, int(panel.lengths.max(initial=0))) * n_predictors
        return forecast_blocks(
            panel,
            horizon,
            one,
            longest=longest,
            per_series=max(min(longest, 300) * n_predictors // 8, cells // _CELLS_OF_ONE),
            deadline=deadline,
        )

    def _block(self, panel: Panel, block: Block, horizon: int) -> Floats:
        n, longest = block.values.shape
        steps = np.arange(longest + horizon)
        from_end = steps - block.lengths[:, None]
        there = from_end < horizon
        phases = (panel.phase()[block.rows])[:, None] + from_end
        parts = [np.ones((n, len(steps))), from_end / np.maximum(block.lengths[:, None], 2)]
        for season in panel.seasons:
            if season > longest:
                continue
            for wave in range(1, min(self.waves, season // 2) + 1):
                angle = 2.0 * np.pi * wave * (phases % season) / season
                parts += [np.sin(angle), np.cos(angle)]
        n_free = len(parts)
        parts += self._covariates(panel, block, steps)
        X = np.stack(parts, axis=2)
        known = block.mask
        counts = block.lengths[:, None].astype(float)
        mean = block.values.sum(axis=1, keepdims=True) / counts
        centred = np.where(known, block.values - mean, 0.0)
        size = np.sqrt((centred**2).sum(axis=1, keepdims=True) / counts)
        z = centred / np.where(size > 0, size, 1.0)
        penalty = np.full(X.shape[2], self.penalty)
        penalty[0] = 0.0
        penalty[1] = max(self.penalty, 0.05) if self.line else 1e6
        penalty[n_free:] = max(self.penalty, 0.001)
        if n_free + 1 > longest:
            penalty[2:] += 0.3
        train = X[:, :longest] * known[:, :, None]
        coefficients = ridge(train, z, penalty)
        fitted = np.einsum("ntp,np->nt", X, coefficients)
        residual = np.where(known, z - fitted[:, :longest], 0.0)
        level = np.zeros(n)
        for t, some in enumerate(block.active):
            level[:some] += _EWMA * (residual[:some, t] - level[:some])
        places = block.lengths[:, None] + np.arange(horizon)
        ahead = np.take_along_axis(np.where(there, fitted, 0.0), places, axis=1)
        ahead += level[:, None] * self.fading ** np.arange(1, horizon + 1)
        return mean + size * ahead

    def _covariates(self, panel: Panel, block: Block, steps: Ints) -> list[Floats]:
        """Return the known covariates, centred and scaled by series, (n, T + H) each."""
        if not panel.n_covariates:
            return []
        begin = panel.stops[block.rows] - block.lengths
        rows = panel.take(block.rows).known(begin[:, None] + steps)
        found = []
        for place in range(panel.n_covariates):
            one = rows[:, :, place]
            known = np.isfinite(one)
            counts = np.maximum(known.sum(axis=1, keepdims=True), 1)
            mean = np.where(known, one, 0.0).sum(axis=1, keepdims=True) / counts
            away = np.where(known, one - mean, 0.0)
            size = np.sqrt((away**2).sum(axis=1, keepdims=True) / counts)
            found.append(away / np.where(size > 0, size, 1.0))
        return found

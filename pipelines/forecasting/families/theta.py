"""The dynamic optimised theta model over a grid, all series at once.

Fiorucci, Pellegrini, Louzada, Petropoulos, Koehler (2016), *Models for optimising the theta method
and their relationship to state space models*. With A_t, B_t the line through the first t values:

    mu_t = l_(t-1) + (1 - 1/theta) {(1 - alpha)^(t-1) A_(t-1) + [1 - (1 - alpha)^t] / alpha B_(t-1)}
    l_t  = alpha y_t + (1 - alpha) l_(t-1)

Errors are linear in the first level l_0, which is therefore solved for exactly.
"""

from dataclasses import dataclass

import numpy as np

from espalier.pipelines.forecasting.blocks import Block
from espalier.pipelines.forecasting.families.grid_model import log_likelihood
from espalier.pipelines.forecasting.panel import Floats
from espalier.pipelines.forecasting.seasonal import Pattern, seasonal_pattern

_ALPHAS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
_THETAS = (1.0, 1.3, 1.7, 2.0, 2.5, 3.5, 5.0, 10.0, 1e6)
# The first errors are made before there is a line.
_SKIPPED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimisedTheta:
    """The theta model over a grid (a `GridModel`).

    Attributes
    ----------
    season : str
        ``none``, ``added`` or ``multiplied``; taken out before and put in afterwards.
    optimised : bool
        Whether theta is on the grid; otherwise it is 2, as in the M3 competition.
    recent : int or None
        Number of last seasons that the pattern is from; None for all.
    """

    season: str = "multiplied"
    optimised: bool = True
    recent: int | None = None

    def _points(self) -> tuple[Floats, Floats]:
        thetas = _THETAS if self.optimised else (2.0,)
        alpha, theta = np.meshgrid(_ALPHAS, thetas, indexing="ij")
        return alpha.ravel(), theta.ravel()

    @property
    def n_points(self) -> int:
        """Number of points of the grid."""
        return len(_ALPHAS) * (len(_THETAS) if self.optimised else 1)

    def fit(self, block: Block) -> "tuple[Floats, _Fitted]":
        """Return the log likelihood of each point, (n, K), and what forecasts are made from."""
        pattern = seasonal_pattern(block, self.season, recent=self.recent)
        block = pattern.take_out(block)
        alpha, theta = self._points()
        state = _State(block, alpha, theta)
        n, k = len(block), len(alpha)
        # Errors are e = e0 - (1 - alpha)^(t - 1) d for a first level larger by d.
        decay = np.ones(k)
        squares, cross = np.zeros((n, k)), np.zeros((n, k))
        own = np.zeros((n, k))
        total = np.zeros(n)
        for t, some in enumerate(block.active):
            value = block.values[:some, t]
            error = value[:, None] - state.expected(some)
            counted = t >= _SKIPPED or block.values.shape[1] <= 2 * _SKIPPED
            if counted:
                squares[:some] += error * error
                cross[:some] += error * decay
                own[:some] += decay * decay
                total[:some] += value**2
            state.update(value, some)
            decay = decay * (1.0 - alpha)
        shift = cross / (own + 0.1)
        squares = np.maximum(squares - cross * shift, 0.0)
        state.level += shift * (1.0 - alpha) ** block.lengths[:, None]
        n_parameters = np.where(theta > 1.0, 3.0, 2.0)
        scores = log_likelihood(squares, block.lengths, n_parameters, total)
        return scores, _Fitted(block, state, pattern)


class _State:
    """Level, line and mean of each series, at all points."""

    def __init__(self, block: Block, alpha: Floats, theta: Floats) -> None:
        n = len(block)
        self.alpha, self.share = alpha, 1.0 - 1.0 / theta
        self.level = np.repeat(block.values[:, :1], len(alpha), axis=1)
        self.intercept, self.slope, self.mean = np.zeros(n), np.zeros(n), np.zeros(n)
        self.steps = np.zeros(n)

    def expected(self, some: int) -> Floats:
        """Return mu of the next step for the first ``some`` series."""
        t = self.steps[:some, None] + 1.0
        decay = (1.0 - self.alpha) ** (t - 1.0)
        line = decay * self.intercept[:some, None]
        line += (1.0 - decay * (1.0 - self.alpha)) / self.alpha * self.slope[:some, None]
        return np.asarray(self.level[:some] + self.share * line)

    def update(self, value: Floats, some: int) -> None:
        """Take in a value of each of the first ``some`` series."""
        level = self.level[:some]
        level += self.alpha * (value[:, None] - level)
        self.steps[:some] += 1.0
        t = self.steps[:some]
        before = self.mean[:some].copy()
        self.mean[:some] = ((t - 1.0) * before + value) / t
        if some and t[0] > 1:
            self.slope[:some] = ((t - 2.0) * self.slope[:some] + 6.0 * (value - before) / t) / (
                t + 1.0
            )
        self.intercept[:some] = self.mean[:some] - (t + 1.0) * self.slope[:some] / 2.0


@dataclass(slots=True, eq=False)
class _Fitted:
    """A block with the states of all points."""

    block: Block
    state: _State
    pattern: Pattern

    def forecast(self, shares: Floats, horizon: int) -> Floats:
        """Return the forecasts weighted by ``shares`` (n, K): shape (n, H).

        The line is that of the last value; the level stays, and the rest of the line's weight
        decays as in the recursion.
        """
        state, n = self.state, len(self.block)
        made, level = np.empty((n, horizon)), state.level
        for h in range(horizon):
            t = state.steps[:, None] + 1.0 + h
            decay = (1.0 - state.alpha) ** (t - 1.0)
            line = decay * state.intercept[:, None]
            line += (1.0 - decay * (1.0 - state.alpha)) / state.alpha * state.slope[:, None]
            # A forecast is its own next value: the level moves towards the line.
            expected = level + state.share * line
            made[:, h] = (shares * expected).sum(axis=1)
            level = level + state.alpha * (expected - level)
        return self.pattern.put_in(made, self.block)

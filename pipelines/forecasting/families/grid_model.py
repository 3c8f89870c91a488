"""A family that is a grid of models: fitted by a prior over the grid, forecasting by their mean.

Optimising parameters series by series is slow and, for short series, mostly fits noise. Here a
recursion runs over all series and all points of one grid at once, and a series' forecast is the
mean over the points, weighted by their posterior probability: the Gaussian likelihood with the
scale integrated out, times a prior. The prior is empirical Bayes: the share of all series that a
point explains (Robbins 1956), so that a series of seven values borrows from the others what a
series of hundreds tells by itself.

Symbols: n series, K points of the grid.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np

from espalier.pipelines.forecasting.blocks import Block, blocks_of
from espalier.pipelines.forecasting.panel import CYCLES, Floats, Ints, Panel
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import drawn_rows

# Errors below this share of a series' variation are rounding.
_SMALLEST = 1e-10
_ROUNDS = 12
# Series that the prior over the grid is learned from.
_PRIOR_SERIES = 400


class FittedGrid(Protocol):
    """A block of series with the final states of all points of a grid."""

    def forecast(self, shares: Floats, horizon: int) -> Floats:
        """Return the forecasts of shape (n, H), weighted by ``shares`` of shape (n, K)."""
        ...


class GridModel(Protocol):
    """A kind of model with a grid of parameters."""

    @property
    def n_points(self) -> int:
        """Number of points of the grid, K."""
        ...

    def fit(self, block: Block) -> tuple[Floats, Any]:
        """Return the log likelihoods, shape (n, K), and a `FittedGrid`."""
        ...


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GridForecaster:
    """Forecasts by the mean over a grid of models, weighted series by series.

    Attributes
    ----------
    model : GridModel
        The kind of model and its grid.
    longest : int
        Number of last values of a series that are used.
    borrows : float
        Weight of the prior that all series give together; 0 for none.
    sharpness : float
        Power of the likelihood; below 1 more points are averaged.
    cycle : str
        Which of several seasons is the season: ``first`` (the panel's) or ``longest``.
    log_prior : array or None, shape (K,)
        Log prior of the points; None before `fit`.
    """

    model: GridModel
    longest: int = 1000
    borrows: float = 1.0
    sharpness: float = 1.0
    cycle: str = "first"
    log_prior: Floats | None = field(default=None, repr=False)

    def fit(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Self:  # noqa: ARG002
        """Return the forecaster with the prior that these series give together."""
        if self.borrows == 0 or len(panel) < 2:
            return replace(self, log_prior=np.zeros(self.model.n_points))
        some = panel.take(drawn_rows(len(panel), _PRIOR_SERIES, seed=0))
        scores = []
        for block in self._blocks(some):
            deadline.check()
            scores.append(self.sharpness * self.model.fit(block)[0])
        if not scores:
            return replace(self, log_prior=np.zeros(self.model.n_points))
        return replace(self, log_prior=self.borrows * empirical_prior(np.concatenate(scores)))

    def forecast(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Floats:
        """Return the forecasts, shape (S, H)."""
        made = np.zeros((len(panel), horizon))
        for block in self._blocks(panel):
            deadline.check()
            scores, fitted = self.model.fit(block)
            prior = np.zeros(scores.shape[1]) if self.log_prior is None else self.log_prior
            made[block.rows] = fitted.forecast(posterior(self.sharpness * scores, prior), horizon)
        return made

    def _blocks(self, panel: Panel) -> Iterator[Block]:
        season = panel.season_of(self.cycle)
        return blocks_of(
            panel,
            longest=max(self.longest, CYCLES * season),
            per_series=self.model.n_points,
            season=season,
        )


def log_likelihood(squares: Floats, lengths: Ints, n_parameters: Floats, total: Floats) -> Floats:
    """Return the log likelihood of each point for each series, shape (n, K).

    Parameters
    ----------
    squares : array, shape (n, K)
        Sums of squared one-step errors; not finite where a recursion ran away.
    lengths : array, shape (n,)
        Number of errors.
    n_parameters : array, shape (K,)
        Free parameters of the point's model, of which each costs a degree of freedom and, as in
        the corrected Akaike criterion, half a point and more.
    total : array, shape (n,)
        Squared variation of each series, against which rounding errors are told.
    """
    n = lengths[:, None].astype(float)
    floor = (_SMALLEST * total + 1e-300)[:, None]
    safe = np.where(np.isfinite(squares), np.maximum(squares, floor), np.inf)
    free = np.maximum(n - n_parameters - 1.0, 0.5)
    return np.asarray(-0.5 * n * np.log(safe) - n_parameters * n / (n + free) - n_parameters / 2)


def empirical_prior(scores: Floats) -> Floats:
    """Return log prior probabilities of the points from many series, shape (K,).

    A few rounds of expectation maximisation, started from equal shares; with a pseudo-count of one
    series, so that no point is ruled out by a few.
    """
    n, k = scores.shape
    prior = np.full(k, 1.0 / k)
    for _ in range(_ROUNDS):
        shares = posterior(scores, np.log(prior))
        prior = (shares.sum(axis=0) + 1.0 / k) / (n + 1.0)
    return np.log(prior)


def posterior(scores: Floats, log_prior: Floats) -> Floats:
    """Return each series' probabilities of the points, shape (n, K); rows sum to 1."""
    logits = scores + log_prior
    top = logits.max(axis=1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    powers = np.exp(np.minimum(logits - top, 0.0))
    powers = np.where(np.isfinite(powers), powers, 0.0)
    totals = powers.sum(axis=1, keepdims=True)
    return np.where(totals > 0, powers / np.maximum(totals, 1e-300), 1.0 / scores.shape[1])

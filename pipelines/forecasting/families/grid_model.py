"""A family that is a grid of models: fitted by a prior over the grid, forecasting by their mean."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np

from espalier.pipelines.forecasting.blocks import Block, blocks_of
from espalier.pipelines.forecasting.families.grid_weights import empirical_prior, posterior
from espalier.pipelines.forecasting.panel import Floats, Panel
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.seeds import drawn_rows

# Series that the prior over the grid is learned from.
_PRIOR_SERIES = 400
# Seasons that a series should show.
_CYCLES = 4


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
        season = panel.season
        if self.cycle == "longest" and panel.seasons:
            # A season that most series show but twice tells more noise than pattern.
            seen = float(np.median(panel.lengths)) / _CYCLES
            season = max([m for m in panel.seasons if m <= seen], default=season)
        return blocks_of(
            panel,
            longest=max(self.longest, _CYCLES * season),
            per_series=self.model.n_points,
            season=season,
        )

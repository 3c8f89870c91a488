"""Croston's method and its kin for series with many zeros, all series at once.

Croston (1972) smooths the sizes of demands and the intervals between them; Syntetos and Boylan
(2005) correct its bias by 1 - alpha / 2; Teunter, Syntetos and Babai (2011) smooth the probability
of a demand in every period, so that a forecast falls where demand ceases.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from espalier.pipelines.forecasting.blocks import Block, forecast_blocks
from espalier.pipelines.forecasting.panel import Floats, Panel
from espalier.pipelines.resources.budget import NEVER, Deadline


@dataclass(frozen=True, slots=True, kw_only=True)
class IntermittentForecaster:
    """A constant rate of demand.

    Attributes
    ----------
    kind : str
        ``croston``, ``sba`` (with the bias taken out) or ``tsb``.
    alpha : float
        Smoothing of the sizes.
    beta : float
        Smoothing of the intervals, or of the probability.
    longest : int
        Number of last values of a series that are used.
    """

    kind: str = "sba"
    alpha: float = 0.1
    beta: float = 0.1
    longest: int = 1000

    def fit(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Self:  # noqa: ARG002
        """Return the forecaster itself."""
        return self

    def forecast(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Floats:
        """Return the forecasts, shape (S, H)."""
        return forecast_blocks(
            panel, horizon, self._block, longest=self.longest, per_series=16, deadline=deadline
        )

    def _block(self, block: Block, horizon: int) -> Floats:
        n, mask = len(block), block.mask
        demand = (block.values != 0) & mask
        any_demand = demand.any(axis=1)
        count = np.maximum(demand.sum(axis=1), 1)
        size = np.where(any_demand, block.values.sum(axis=1) / count, 0.0)
        interval = block.lengths / count
        share = count / block.lengths
        since = np.ones(n)
        for t, some in enumerate(block.active):
            is_demand = demand[:some, t]
            move = np.where(is_demand, block.values[:some, t] - size[:some], 0.0)
            size[:some] += self.alpha * move
            if self.kind == "tsb":
                share[:some] += self.beta * (is_demand - share[:some])
                continue
            wait = np.where(is_demand, since[:some] - interval[:some], 0.0)
            interval[:some] += self.beta * wait
            since[:some] = np.where(is_demand, 1.0, since[:some] + 1.0)
        if self.kind == "tsb":
            rate = size * share
        else:
            correction = 1.0 - self.beta / 2.0 if self.kind == "sba" else 1.0
            rate = correction * size / np.maximum(interval, 1.0)
        rate = np.where(any_demand, rate, 0.0)
        return np.repeat(rate[:, None], horizon, axis=1)

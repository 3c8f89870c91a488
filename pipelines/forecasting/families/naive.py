"""The naive forecasts: last value, last season, drift, and means over windows."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from espalier.pipelines.forecasting.blocks import Block, forecast_blocks
from espalier.pipelines.forecasting.panel import Floats, Panel
from espalier.pipelines.resources.budget import NEVER, Deadline

KINDS = ("seasonal_naive", "naive", "drift", "seasonal_mean", "window_mean", "seasonal_drift")


@dataclass(frozen=True, slots=True, kw_only=True)
class NaiveForecaster:
    """A forecast that needs no fit.

    Attributes
    ----------
    kind : str
        One of `KINDS`. ``seasonal_mean`` is the mean of the same phase over some seasons,
        ``window_mean`` that of the last values, ``seasonal_drift`` the last season moved on by
        the mean yearly change.
    window : int
        Number of seasons, or of values for ``window_mean``, or of steps that ``drift`` looks back.
    season : int or None
        Steps of a season; None for the panel's.
    """

    kind: str = "seasonal_naive"
    window: int = 3
    season: int | None = None

    def fit(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Self:  # noqa: ARG002
        """Return the forecaster itself."""
        return self

    def forecast(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Floats:
        """Return the forecasts, shape (S, H)."""
        m = self.season or panel.season
        longest = {"naive": 1, "seasonal_naive": m, "window_mean": self.window}.get(
            self.kind, (self.window + 1) * m
        )
        if self.kind == "drift":
            longest = 100_000
        return forecast_blocks(
            panel,
            horizon,
            self._block,
            longest=longest,
            per_series=min(longest, 1000),
            season=m,
            deadline=deadline,
        )

    def _block(self, block: Block, horizon: int) -> Floats:
        m, steps = block.season, np.arange(horizon)
        last = block.last(1)
        if self.kind == "naive":
            return np.repeat(last, horizon, axis=1)
        if self.kind == "window_mean":
            mean = np.nanmean(block.last(self.window), axis=1, keepdims=True)
            return np.repeat(mean, horizon, axis=1)
        if self.kind == "drift":
            n = block.lengths.astype(float)
            back = np.maximum(n - 1.0, 1.0)
            slope = (last[:, 0] - block.values[:, 0]) / back
            return last + slope[:, None] * (steps + 1.0)
        if self.kind in ("seasonal_naive", "seasonal_drift"):
            made = seasonal_naive(block, horizon)
            if self.kind == "seasonal_drift":
                seen = block.last((self.window + 1) * m)
                change = np.nanmean(
                    np.where(np.isfinite(seen[:, m:] - seen[:, :-m]), seen[:, m:] - seen[:, :-m], 0)
                    if seen.shape[1] > m
                    else np.zeros((len(block), 1)),
                    axis=1,
                )
                made = made + change[:, None] * (1.0 + steps // m)
            return made
        cycles = block.last(self.window * m).reshape(len(block), self.window, m)
        counts = np.isfinite(cycles).sum(axis=1)
        sums = np.where(np.isfinite(cycles), cycles, 0.0).sum(axis=1)
        mean = np.where(counts > 0, sums / np.maximum(counts, 1), last)
        return mean[:, steps % m]


def seasonal_naive(block: Block, horizon: int) -> Floats:
    """Return the last season repeated, shape (n, H); the last value where there is none."""
    cycle = block.last(block.season)
    cycle = np.where(np.isfinite(cycle), cycle, block.last(1))
    return np.asarray(cycle[:, np.arange(horizon) % block.season])

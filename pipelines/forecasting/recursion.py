"""A forecaster of a few steps that goes on with what it forecast, until the horizon's end.

The direct form has one model for all steps, which is told the step; the recursive one learns the
next step only, from many more origins, and takes each forecast as the newest value. It adds up its
own errors, but follows dynamics that a direct model must learn anew for each step (Ben Taieb,
Hyndman 2014, *A gradient boosting approach to ... direct and recursive forecasting*).
"""

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from espalier.pipelines.forecasting.panel import Floats, Panel
from espalier.pipelines.resources.budget import NEVER, Deadline

# A longer horizon is forecast by several steps at once, in no more than so many turns.
MOST_TURNS = 32


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecursiveForecaster:
    """A forecaster of the next steps, applied again and again.

    Attributes
    ----------
    once : forecaster
        Forecasts ``stride`` steps.
    stride : int
        Steps of one turn; found by `fit`: 1 for horizons of up to `MOST_TURNS` steps.
    """

    once: Any = field(repr=False)
    stride: int = 1

    def fit(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Self:
        """Return the forecaster fitted to the next ``stride`` steps after all origins."""
        stride = -(-horizon // MOST_TURNS)
        return replace(self, once=self.once.fit(panel, stride, deadline), stride=stride)

    def forecast(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Floats:
        """Return the forecasts, shape (S, H)."""
        parts: list[Floats] = []
        for begin in range(0, horizon, self.stride):
            deadline.check()
            parts.append(self.once.forecast(panel, self.stride, deadline))
            if begin + self.stride < horizon:
                panel = continued(panel, parts[-1])
        return np.concatenate(parts, axis=1)[:, :horizon]


def continued(panel: Panel, made: Floats) -> Panel:
    """Return the panel with forecasts, shape (S, h), after the last value of each series.

    Known covariates stay known as far as they were; those known up to the origin only stay as they
    were last. Values that came after the origin are not in the panel that is returned.
    """
    n, ahead = made.shape
    lengths = panel.lengths
    rooms = np.maximum(panel.limits - panel.starts, lengths + ahead)
    limits = np.cumsum(rooms)
    starts = limits - rooms
    row = np.repeat(np.arange(n), rooms)
    step = np.arange(int(rooms.sum())) - starts[row]
    of_old = panel.starts[row] + step
    old = step < lengths[row]
    values = np.where(old, panel.values[np.where(old, of_old, 0)], 0.0) if len(row) else made[:, 0]
    observed = np.zeros(len(row), dtype=bool)
    observed[old] = panel.observed[of_old[old]]
    places = (starts + lengths)[:, None] + np.arange(ahead)
    values[places] = made
    observed[places] = True
    covariates = np.full((len(row), panel.covariates.shape[1]), np.nan)
    there = step < (panel.limits - panel.starts)[row]
    covariates[there] = panel.covariates[of_old[there]]
    if panel.n_past:
        first = panel.covariates.shape[1] - panel.n_past
        covariates[~old, first:] = np.nan
        begun = lengths > 0
        last = panel.covariates[panel.stops[begun] - 1, first:]
        covariates[places[begun], first:] = last[:, None, :]
    return replace(
        panel,
        values=values,
        observed=observed,
        starts=starts,
        stops=starts + lengths + ahead,
        limits=limits,
        covariates=covariates,
    )

"""Direct linear regression on windows: all steps of the horizon from the last values at once.

A window is shown less its last value (or mean), in units of its own mean absolute deviation, and
so are the steps that follow it. One ridge regression from the one to the other, over the windows of
all series, forecasts long series with several seasons as well as networks do (Zeng et al., *Are
transformers effective for time series forecasting?*, 2023, whose NLinear this is, solved in closed
form: Toner and Darlow, *An analysis of linear time series forecasting models*, 2024).

Symbols: R rows, one a window; L length of the window; H horizon.
"""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from espalier.pipelines.forecasting.families.naive import NaiveForecaster
from espalier.pipelines.forecasting.panel import Floats, Ints, Panel
from espalier.pipelines.resources.budget import NEVER, Deadline

CENTRES = ("last", "mean")
LOSSES = ("l1", "l2")
_MOST_ROWS, _MOST_CELLS = 20_000, 4_000_000
_SHORTEST, _LONGEST = 4, 900
# Steps of a cycle where there is no season.
_WITHOUT_SEASON = 64
# Rows that a coefficient should have.
_ROWS_EACH = 2
# Deviations and answers of more units than these are outliers.
_LARGEST = 30.0
# Rounds of weighing rows anew, and the error, by the median one, below which a row weighs no more.
_ROUNDS, _CLOSE = 3, 0.5
_CHUNK = 20_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class WindowRegression:
    """Ridge regression from a window's values to all steps that follow it.

    Attributes
    ----------
    cycles : float
        Length of the window in seasons; of 64 steps where there is none. It is shorter where the
        series are too short to tell so many coefficients.
    cycle : str
        Which of several seasons is meant: ``first`` (the panel's) or ``longest``.
    loss : str
        ``l2``, or ``l1``: rows are weighed by one over their error, so that odd ones count less.
    penalty : float
        Strength of the ridge penalty, in units of the mean square of the window's values.
    centre : str
        What values are shown relative to: the window's ``last`` value or its ``mean``.
    coefficients : array or None, shape (L + 1, H)
        Coefficients, the last row the constant; None before `fit`, or where no series has a whole
        window and something after it: then the forecast is the last season.
    """

    cycles: float = 2.0
    cycle: str = "longest"
    loss: str = "l1"
    penalty: float = 0.03
    centre: str = "last"
    coefficients: Floats | None = field(default=None, repr=False)

    def fit(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Self:
        """Return the forecaster fitted to the windows of all series.

        Raises
        ------
        TimeoutError
            The deadline has passed.
        """
        length = self._length(panel, horizon)
        places = _places(panel, length + horizon)
        if length < _SHORTEST or len(places) < 2 * _SHORTEST:
            return replace(self, coefficients=None)
        deadline.check()
        seen = panel.values[places[:, None] + np.arange(length)]
        after = panel.values[places[:, None] + np.arange(length, length + horizon)]
        X, centre, scale = self._relative(seen)
        Y = np.clip((after - centre) / scale, -_LARGEST, _LARGEST)
        solved = _solve(X, Y, np.ones(len(X)), self.penalty)
        for _ in range(_ROUNDS if self.loss == "l1" else 0):
            deadline.check()
            errors = np.abs(X @ solved - Y).mean(axis=1)
            weights = 1.0 / np.maximum(errors, _CLOSE * float(np.median(errors)) + 1e-9)
            solved = _solve(X, Y, weights, self.penalty)
        return replace(self, coefficients=solved)

    def forecast(self, panel: Panel, horizon: int, deadline: Deadline = NEVER) -> Floats:
        """Return the forecasts, shape (S, H)."""
        solved = self.coefficients
        if solved is None or solved.shape[1] < horizon:
            return NaiveForecaster().forecast(panel, horizon, deadline)
        made = np.zeros((len(panel), horizon))
        rows = np.flatnonzero(panel.lengths > 0)
        for at in range(0, len(rows), _CHUNK):
            deadline.check()
            some = rows[at : at + _CHUNK]
            part = panel.take(some)
            X, centre, scale = self._relative(_filled(part.tail(len(solved) - 1), part.season))
            answers = np.clip(X @ solved[:, :horizon], -_LARGEST, _LARGEST)
            made[some] = answers * scale + centre
        return made

    def _length(self, panel: Panel, horizon: int) -> int:
        """Return the length of the window: as wanted, or what the series can tell."""
        season = panel.season_of(self.cycle)
        season = season if season > 1 else _WITHOUT_SEASON
        length = int(np.clip(round(self.cycles * season) + 1, 2 * _SHORTEST, _LONGEST))
        while length > _SHORTEST:
            windows = np.maximum(panel.lengths - length - horizon + 1, 0)
            if min(int(windows.sum()), _MOST_ROWS) >= _ROWS_EACH * length:
                break
            length = int(0.8 * length)
        return length

    def _relative(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Return windows in their own units with a constant, (R, L + 1), their centre and unit."""
        mean = values.mean(axis=1, keepdims=True)
        centre = values[:, -1:] if self.centre == "last" else mean
        scale = np.abs(values - mean).mean(axis=1, keepdims=True)
        size = np.abs(centre)
        scale = np.where(scale > 1e-9 * size + 1e-300, scale, np.where(size > 0, size, 1.0))
        X = np.ones((len(values), values.shape[1] + 1))
        np.clip((values - centre) / scale, -_LARGEST, _LARGEST, out=X[:, :-1])
        return X, centre, scale


def _solve(X: Floats, Y: Floats, weights: Floats, penalty: float) -> Floats:
    """Return ridge coefficients, shape (L + 1, H); the constant is not penalised."""
    weighed = X * weights[:, None]
    gram = weighed.T @ X
    size = float(np.trace(gram)) / len(gram)
    pull = np.full(len(gram), penalty * size + 1e-9)
    pull[-1] = 1e-9 * size
    gram[np.diag_indices_from(gram)] += pull
    return np.asarray(np.linalg.solve(gram, weighed.T @ Y))


def _places(panel: Panel, width: int) -> Ints:
    """Return where windows of ``width`` steps begin in the panel's values.

    All of them, or each so many steps one, from the newest back, where there would be too many.
    """
    windows = np.maximum(panel.lengths - width + 1, 0)
    most = min(_MOST_ROWS, _MOST_CELLS // width)
    stride = max(1, -(-int(windows.sum()) // most))
    counts = -(-windows // stride)
    series = np.repeat(np.arange(len(panel)), counts)
    back = np.arange(len(series)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.asarray(panel.stops[series] - width - stride * back)


def _filled(values: Floats, season: int) -> Floats:
    """Return windows whose steps before a series' start repeat its first season."""
    known = np.isfinite(values)
    if known.all():
        return values
    length = values.shape[1]
    first = np.argmax(known, axis=1)[:, None]
    steps = np.arange(length)[None, :]
    ahead = -(-(first - steps) // season) * season
    source = np.where(steps >= first, steps, np.where(steps + ahead < length, steps + ahead, first))
    return np.take_along_axis(values, source, axis=1)

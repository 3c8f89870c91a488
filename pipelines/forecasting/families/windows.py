"""Window-relative features: what a pooled model sees of a series at an origin.

Trees cannot extrapolate a level, so a window of the last values is shown less its own level, in
units of its own mean seasonal change, and the target is what a base forecast misses, in the same
units. Series of any size and level then look alike, and one model learns from all of them.

Symbols: R rows, one for each (series, origin, step); L length of the window.
"""

from dataclasses import dataclass

import numpy as np

from espalier.pipelines.forecasting.panel import Floats, Ints, Panel

_LARGEST = 30.0
# Last values of a covariate without a future that are shown, and most steps of half its window.
_PAST_SHOWN, _LONGEST_PAST = 4, 168
# Cycles that lags of a season look back.
_CYCLES_SHOWN = 4


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Windows:
    """What is known of some series at one origin.

    Attributes
    ----------
    features : array, shape (S, F)
        Features that do not depend on the step.
    level, scale : array, shape (S,)
        Level of the window and its mean seasonal change, at least a little.
    values : array, shape (S, L)
        The window itself; NaN before a series' start.
    """

    features: Floats
    level: Floats
    scale: Floats
    values: Floats


def window_length(season: int, wanted: int) -> int:
    """Return the length of the window: ``wanted`` values and at least two seasons, up to 400."""
    return min(400, max(wanted, 2 * season + 1 if season > 1 else wanted))


def look(panel: Panel, length: int, shown: int) -> Windows:
    """Return the windows before the panel's origin.

    Parameters
    ----------
    panel : Panel
        The series.
    length : int
        Length of the window.
    shown : int
        Number of last values that become features.
    """
    m = panel.season
    values = panel.tail(length)
    known = np.isfinite(values)
    recent = values[:, -max(m, 3) :]
    level = _mean(recent)
    changes = np.abs(values[:, m:] - values[:, :-m])
    scale = _mean(changes)
    steps = _mean(np.abs(np.diff(values, axis=1)))
    size = _mean(np.abs(values - level[:, None]))
    scale = np.where(scale > 0, scale, np.where(steps > 0, steps, size))
    floor = 1e-9 * np.abs(level) + 1e-300
    scale = np.where(scale > floor, scale, np.where(np.abs(level) > 0, np.abs(level), 1.0))
    relative = np.clip((values - level[:, None]) / scale[:, None], -_LARGEST, _LARGEST)
    half = _mean(values[:, -2 * m - 1 : -m]) if length > m + 1 else level
    trend = np.where(np.isfinite(half), (level - half) / scale, 0.0)
    slopes = _mean(np.diff(values, axis=1)) / scale
    spread = np.sqrt(_mean((relative - _mean(relative)[:, None]) ** 2))
    with np.errstate(all="ignore"):
        ratio = np.clip(np.abs(level) / scale, 0.0, 100.0)
    extra = np.stack(
        [
            trend,
            slopes,
            spread,
            np.log1p(np.minimum(panel.lengths, 10 * length)),
            ratio,
            _mean(np.where(known, values == 0, np.nan)),
            steps / scale,
        ],
        axis=1,
    )
    parts = [relative[:, -shown:], np.clip(extra, -100, 100)]
    if panel.n_past:
        parts.append(_past_features(panel))
    if panel.static is not None:
        parts.append(panel.static)
    features = np.concatenate(parts, axis=1)
    return Windows(features=features, level=level, scale=scale, values=values)


def _past_features(panel: Panel) -> Floats:
    """Return what covariates without a future say at the origin, shape (S, P * (_PAST_SHOWN + 1)).

    Of each its last values less its mean over two seasons, and the change of that mean from one
    season to the next, both in units of its own spread.
    """
    width = int(np.clip(panel.season, _PAST_SHOWN, _LONGEST_PAST))
    seen = panel.past(2 * width)
    parts = []
    for place in range(panel.n_past):
        values = seen[:, :, place]
        centre = _mean(values)[:, None]
        spread = np.sqrt(_mean((values - centre) ** 2))[:, None]
        relative = (values - centre) / np.where(spread > 0, spread, 1.0)
        trend = _mean(relative[:, width:]) - _mean(relative[:, :width])
        parts += [relative[:, -_PAST_SHOWN:], trend[:, None]]
    return np.concatenate(parts, axis=1)


def _mean(values: Floats) -> Floats:
    """Return the mean over the columns, NaN left out; 0 where there is nothing."""
    known = np.isfinite(values)
    counts = known.sum(axis=1)
    return np.where(known, values, 0.0).sum(axis=1) / np.maximum(counts, 1)


def rows_at(panel: Panel, windows: Windows, base: Floats, steps: Ints) -> Floats:
    """Return the features of the steps after an origin, shape (S, len(steps), F).

    Parameters
    ----------
    panel : Panel
        The series up to the origin.
    windows : Windows
        From `look`.
    base : array, shape (S, H)
        The base forecasts.
    steps : array of int
        Steps after the origin, from 0.
    """
    n, m = len(panel), panel.season
    level, scale = windows.level[:, None], windows.scale[:, None]
    phases = panel.phase()[:, None] + steps
    length = windows.values.shape[1]
    same = np.full((n, len(steps)), np.nan)
    older = np.full((n, len(steps)), np.nan)
    back = steps % m - m if m > 1 else np.full(len(steps), -1)
    if length + back.min() >= 0:
        same = windows.values[:, length + back]
    if length + back.min() - m >= 0:
        older = windows.values[:, length + back - m]
    parts = [
        np.broadcast_to(steps.astype(float), (n, len(steps))),
        (base[:, steps] - level) / scale,
        (same - level) / scale,
        (older - level) / scale,
    ]
    parts += [(phases % season).astype(float) for season in panel.seasons]
    own = np.clip(np.stack(parts, axis=2), -1000, 1000)
    columns = [
        np.broadcast_to(windows.features[:, None, :], (n, len(steps), windows.features.shape[1])),
        own,
    ]
    if panel.n_covariates:
        ahead = panel.future(int(steps.max()) + 1)[:, steps]
        columns.append(ahead)
        columns.append(ahead - _known_mean(panel, m)[:, None, :])
    return np.concatenate(columns, axis=2)


def seasonal_lags(panel: Panel, windows: Windows, base: Floats, steps: Ints) -> Floats:
    """Return what steps were in the last cycles of each season, shape (S, len(steps), 8 * seasons).

    Of each season: the value of the same phase in the last cycle and in the one before, the mean of
    the last four, and the values before and after the first; then the former three once more, less
    the base forecast, since that is what a model of its residual looks for. NaN where unknown.

    Parameters
    ----------
    panel, windows, base, steps
        As in `rows_at`.
    """
    level, scale = windows.level[:, None], windows.scale[:, None]
    ahead = base[:, steps]
    parts = []
    for season in panel.seasons:
        places = panel.stops[:, None] + steps - (steps // season + 1) * season
        cycles = np.stack([panel.at(places - back * season) for back in range(_CYCLES_SHOWN)])
        shown = [cycles[0], cycles[1], _mean_or_nan(cycles, axis=0)]
        parts += [each - level for each in (*shown, panel.at(places - 1), panel.at(places + 1))]
        parts += [each - ahead for each in shown]
    if not parts:
        return np.zeros((len(panel), len(steps), 0))
    return np.clip(np.stack(parts, axis=2) / scale[:, :, None], -1000, 1000)


def step_column(windows: Windows) -> int:
    """Return which column of `rows_at` holds the step."""
    return windows.features.shape[1]


def _known_mean(panel: Panel, m: int) -> Floats:
    """Return the mean of each covariate over the last season (7 steps without one), (S, C)."""
    width = max(m, 7)
    rows = panel.known(panel.stops[:, None] - width + np.arange(width))
    return _mean_or_nan(rows, axis=1)


def _mean_or_nan(values: Floats, *, axis: int) -> Floats:
    """Return the mean over an axis, NaN left out; NaN where there is nothing."""
    known = np.isfinite(values)
    counts = known.sum(axis=axis)
    mean = np.where(known, values, 0.0).sum(axis=axis) / np.maximum(counts, 1)
    return np.where(counts > 0, mean, np.nan)

"""Numbers that characterise series, each one and a panel as a whole: its meta-features.

What each number means is in `espalier.pipelines.metafeatures.catalogue`.
"""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.seeds import drawn_rows

Floats = NDArray[np.float64]

SERIES_FEATURES = (
    "zero_share",
    "log_variation",
    "trend_strength",
    "season_strength",
    "autocorrelation",
    "change_autocorrelation",
    "entropy",
)
"""What `profile_series` measures of each series."""

# Series and values of each that are looked at.
_SERIES, _VALUES = 500, 1_000
_FEWEST_VALUES = 4
# Levels of nearly 0 make the variation as large as one likes.
_MOST_VARIATION = 1e3


def profile_panel(panel: Panel, *, horizon: int, seed: int) -> dict[str, float]:
    """Return the meta-features of a panel by name, and some numbers that are only shown.

    Shares and strengths are means over at most 500 series, of their last 1,000 values.
    """
    lengths = panel.lengths
    some = panel.take(drawn_rows(len(panel), _SERIES, seed=seed))
    each = profile_series(some)
    known = each[np.isfinite(each).all(axis=1)]
    means = known.mean(axis=0) if len(known) else np.zeros(len(SERIES_FEATURES))
    spread = known.std(axis=0) if len(known) else np.zeros(len(SERIES_FEATURES))
    mean = dict(zip(SERIES_FEATURES, means.tolist(), strict=True))
    spreads = dict(zip(SERIES_FEATURES, spread.tolist(), strict=True))
    observed = np.concatenate(
        [panel.observed[a:b] for a, b in zip(panel.starts, panel.stops, strict=True)]
    )
    typical = float(np.median(lengths)) if len(lengths) else 0.0
    return {
        **mean,
        "log_series": float(np.log(max(len(panel), 1))),
        "log_length": float(np.log(max(typical, 1.0))),
        "log_horizon": float(np.log(horizon)),
        "log_horizons": float(np.log(max(typical / horizon, 0.1))),
        "log_season": float(np.log(panel.season)),
        "n_seasons": float(len(panel.seasons)),
        "gap_share": float(1.0 - observed.mean()) if len(observed) else 0.0,
        "trend_spread": spreads["trend_strength"],
        "season_spread": spreads["season_strength"],
        # for people
        "log_values": float(np.log(max(lengths.sum(), 1))),
        "median_length": typical,
        "shortest_length": float(lengths.min(initial=0)),
        "longest_length": float(lengths.max(initial=0)),
        "horizon": float(horizon),
        "season": float(panel.season),
        "n_covariates": float(panel.n_covariates),
    }


def profile_series(panel: Panel) -> Floats:
    """Return what characterises each series, shape (S, F) as in `SERIES_FEATURES`.

    NaN for a series that is constant or has fewer than four values. Strengths are 1 less the
    variance that is left without the component (Wang, Smith, Hyndman 2006,
    *Characteristic-based clustering for time series data*).
    """
    nothing = [np.nan] * len(SERIES_FEATURES)
    found = [
        _of_series(panel.series(row)[-_VALUES:], panel.season) or nothing
        for row in range(len(panel))
    ]
    return np.array(found, dtype=np.float64).reshape(-1, len(SERIES_FEATURES))


def _of_series(y: Floats, m: int) -> list[float] | None:
    n = len(y)
    if n < _FEWEST_VALUES or not np.ptp(y) > 0:
        return None
    steps = np.arange(n)
    line = np.polyval(np.polyfit(steps, y, 1), steps)
    rest = y - line
    season = np.zeros(n)
    if m > 1 and n >= 2 * m:
        sums, counts = np.bincount(steps % m, weights=rest), np.bincount(steps % m)
        season = (sums / counts)[steps % m]
    left = rest - season
    changes = np.diff(y)
    variation = y.std() / max(abs(y.mean()), 1e-12)
    return [
        float(np.mean(y == 0)),
        float(np.log(np.clip(variation, 1.0 / _MOST_VARIATION, _MOST_VARIATION))),
        _strength(left, left + line - line.mean()),
        _strength(left, left + season),
        _autocorrelation(y),
        _autocorrelation(changes),
        _entropy(changes),
    ]


def _strength(left: Floats, whole: Floats) -> float:
    variance = float(whole.var())
    return max(0.0, 1.0 - float(left.var()) / variance) if variance > 0 else 0.0


def _autocorrelation(y: Floats) -> float:
    """Return the correlation of neighbours; 0 where nothing changes."""
    centred = y - y.mean()
    total = float((centred**2).sum())
    return float((centred[1:] * centred[:-1]).sum()) / total if total > 0 else 0.0


def _entropy(y: Floats) -> float:
    """Return the entropy of the spectrum, from 0 (one wave) to 1 (noise)."""
    power = np.abs(np.fft.rfft(y - y.mean())[1:]) ** 2
    total = float(power.sum())
    if len(power) < 2 or not total > 0:
        return 1.0
    share = power / total
    share = share[share > 0]
    return float(-(share * np.log(share)).sum() / np.log(len(power)))

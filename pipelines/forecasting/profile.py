"""Numbers that characterise a panel of series: its meta-features."""

import numpy as np

from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.seeds import drawn_rows

# Series and values of each that are looked at.
_SERIES, _VALUES = 500, 1_000


def profile_panel(panel: Panel, *, horizon: int, seed: int) -> dict[str, float]:
    """Return the meta-features of a panel by name.

    Shares and strengths are means over at most 500 series, of their last 1,000 values; strengths
    are 1 less the variance that is left without the component (Wang, Smith, Hyndman 2006,
    *Characteristic-based clustering for time series data*).
    """
    lengths = panel.lengths
    some = panel.take(drawn_rows(len(panel), _SERIES, seed=seed))
    found = [_of_series(some.series(row)[-_VALUES:], some.season) for row in range(len(some))]
    known = np.array([each for each in found if each is not None]).reshape(-1, 5)
    means = known.mean(axis=0) if len(known) else np.full(5, np.nan)
    observed = np.concatenate(
        [panel.observed[a:b] for a, b in zip(panel.starts, panel.stops, strict=True)]
    )
    return {
        "log_series": float(np.log(max(len(panel), 1))),
        "log_values": float(np.log(max(lengths.sum(), 1))),
        "median_length": float(np.median(lengths)),
        "shortest_length": float(lengths.min(initial=0)),
        "longest_length": float(lengths.max(initial=0)),
        "horizon": float(horizon),
        "horizons_per_series": float(np.median(lengths) / horizon),
        "season": float(panel.season),
        "n_seasons": float(len(panel.seasons)),
        "n_covariates": float(panel.n_covariates),
        "gap_share": float(1.0 - observed.mean()) if len(observed) else 0.0,
        "zero_share": float(means[0]),
        "variation": float(means[1]),
        "trend_strength": float(means[2]),
        "season_strength": float(means[3]),
        "autocorrelation": float(means[4]),
    }


def _of_series(y: "np.ndarray[tuple[int], np.dtype[np.float64]]", m: int) -> list[float] | None:
    """Return zeros, variation, trend, season and autocorrelation; None of a constant series."""
    n = len(y)
    if n < 4 or not np.ptp(y) > 0:
        return None
    steps = np.arange(n)
    line = np.polyval(np.polyfit(steps, y, 1), steps)
    rest = y - line
    season = np.zeros(n)
    if m > 1 and n >= 2 * m:
        sums, counts = np.bincount(steps % m, weights=rest), np.bincount(steps % m)
        season = (sums / counts)[steps % m]
    left = rest - season
    centred = y - y.mean()
    return [
        float(np.mean(y == 0)),
        float(y.std() / max(abs(y.mean()), 1e-12)),
        _strength(left, left + line - line.mean()),
        _strength(left, left + season),
        float((centred[1:] * centred[:-1]).sum() / (centred**2).sum()),
    ]


def _strength(
    left: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    whole: "np.ndarray[tuple[int], np.dtype[np.float64]]",
) -> float:
    variance = float(whole.var())
    return max(0.0, 1.0 - float(left.var()) / variance) if variance > 0 else 0.0

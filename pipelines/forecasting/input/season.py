"""The season of a panel: what the calendar suggests, if the series show it."""

import numpy as np
from scipy.special import betainc, ndtr

from espalier.pipelines.forecasting.blocks import blocks_of
from espalier.pipelines.forecasting.panel import Floats, Panel
from espalier.pipelines.forecasting.season_clarity import season_clarity
from espalier.pipelines.seeds import drawn_rows

_SERIES, _FEW = 200, 20
# Share of the series long enough that must show a season, and how often so many of a panel without
# one may do so by chance.
_ENOUGH, _BY_CHANCE = 0.1, 0.01
_LONGEST_LAG = 400
_CLEAR = 0.3
_STEPS = 3000


def seasons_of(panel: Panel, suggested: tuple[int, ...]) -> tuple[int, ...]:
    """Return which of the suggested seasons the series show, ascending.

    A season of which no series has two is left out. Where the calendar suggests none (times that
    are numbers), a clear peak of the mean autocorrelation is taken.
    """
    if len(panel) == 0:
        return ()
    longest = max(suggested, default=1)
    some = panel.take(drawn_rows(len(panel), _SERIES if longest < 1000 else _FEW, seed=0))
    if not suggested:
        return _by_autocorrelation(some)
    return tuple(m for m in suggested if _shows(some, m))


def _shows(panel: Panel, m: int) -> bool:
    long_enough = panel.lengths >= 2 * m + 2
    if not long_enough.any():
        return False
    # A long series need not be looked at as a whole.
    longest = max(_STEPS, 6 * m) if m <= 400 else 4 * m
    blocks = blocks_of(panel.take(long_enough), longest=longest, per_series=64, season=m)
    clarity = np.sort(np.concatenate([season_clarity(block) for block in blocks]))[::-1]
    count = int(np.ceil(_ENOUGH * len(clarity)))
    # The chance that the clearest ``count`` of so many draws are as clear as the last of them.
    by_chance = betainc(count, len(clarity) - count + 1, ndtr(-clarity[count - 1]))
    return float(by_chance) < _BY_CHANCE


def _by_autocorrelation(panel: Panel) -> tuple[int, ...]:
    """Return the lag of a clear peak of the mean autocorrelation of the changes, if there is."""
    total: Floats = np.zeros(_LONGEST_LAG + 1)
    counts: Floats = np.zeros(_LONGEST_LAG + 1)
    for row in range(len(panel)):
        changes = np.diff(panel.series(row)[-_STEPS:])
        n = len(changes)
        if n < 8:
            continue
        changes = changes - changes.mean()
        lags = min(n // 3, _LONGEST_LAG)
        size = 1 << int(2 * n).bit_length()
        spectrum = np.fft.rfft(changes, size)
        correlation = np.fft.irfft(spectrum * np.conj(spectrum), size)[: lags + 1]
        if correlation[0] > 0:
            total[: lags + 1] += correlation / correlation[0]
            counts[: lags + 1] += 1
    if not counts.any():
        return ()
    mean = np.where(counts >= 0.5 * counts.max(), total / np.maximum(counts, 1), 0.0)
    inner = mean[2:-1]
    peaks = (inner > mean[1:-2]) & (inner >= mean[3:]) & (inner > _CLEAR)
    if not peaks.any():
        return ()
    return (int(np.argmax(np.where(peaks, inner, -1.0))) + 2,)

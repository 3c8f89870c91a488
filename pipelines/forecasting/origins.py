"""The origins at which a trial of a forecast is scored."""

import numpy as np

from espalier.pipelines.forecasting.panel import Panel

# Origins of a trial; fewer for many rows, of which a few origins tell enough.
MOST_ORIGINS = 6
_USUAL_ORIGINS = 3
_MANY_SERIES, _MANY_VALUES = 50, 3_000_000


def origins_of(panel: Panel, horizon: int) -> tuple[int, ...]:
    """Return how many steps before the end a trial forecasts, the latest first.

    As many whole horizons as leave half of the series two seasons to learn from; where no whole
    one fits, half of the longest series.
    """
    lengths = panel.lengths
    typical = float(np.quantile(lengths, 0.5))
    least = max(2 * panel.season + 1, min(horizon, 12), 3)
    fit = int((typical - least) // horizon)
    most = _USUAL_ORIGINS if len(panel) >= _MANY_SERIES else MOST_ORIGINS
    if lengths.sum() > _MANY_VALUES:
        most = 1
    count = min(fit, most)
    if count >= 1:
        return tuple(horizon * (each + 1) for each in range(count))
    longest = int(lengths.max(initial=0))
    return (max(1, min(horizon, longest // 2)),) if longest > 1 else ()

"""The origins at which a trial of a forecast is scored."""

import numpy as np

from espalier.pipelines.forecasting.panel import Panel

# Origins of a trial of few series, which tell little at each; fewer where a trial would take long.
MOST_ORIGINS, _LONG_ORIGINS, _HUGE_ORIGINS = 12, 6, 1
_LONG_VALUES, _HUGE_VALUES = 100_000, 3_000_000
# Of many series a few origins tell enough.
_ORIGINS_OF_MANY, _MANY_SERIES = 3, 50


def origins_of(panel: Panel, horizon: int) -> tuple[int, ...]:
    """Return how many steps before the end a trial forecasts, the latest first.

    As many whole horizons as leave half of the series two seasons to learn from, up to twelve
    (three for 50 series and more, six for 100,000 values and more); where no whole one fits, half
    of the longest series.
    """
    lengths = panel.lengths
    most = MOST_ORIGINS if has_few_series(panel) else _ORIGINS_OF_MANY
    for values, allowed in ((_LONG_VALUES, _LONG_ORIGINS), (_HUGE_VALUES, _HUGE_ORIGINS)):
        if lengths.sum() > values:
            most = min(most, allowed)
    count = min(whole_horizons(panel, horizon), most)
    if count >= 1:
        return tuple(horizon * (each + 1) for each in range(count))
    longest = int(lengths.max(initial=0))
    return (max(1, min(horizon, longest // 2)),) if longest > 1 else ()


def whole_horizons(panel: Panel, horizon: int) -> int:
    """Return how many whole horizons leave half of the series two seasons; below 1 if none does."""
    least = max(2 * panel.season + 1, min(horizon, 12), 3)
    return int((float(np.quantile(panel.lengths, 0.5)) - least) // horizon)


def has_few_series(panel: Panel) -> bool:
    """Whether there are so few series that they tell little at each origin."""
    return len(panel) < _MANY_SERIES

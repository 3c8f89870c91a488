"""Take the last block off every series, so that a search knows nothing of it."""

from dataclasses import replace

import numpy as np

from espalier.pipelines.forecasting.input.build_panel import fill_panel
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.panel import Ints, Panel

# Of a panel too short for a whole horizon, the block is one part of the longest series in so many.
_SHORT_PARTS = 4


def steps_to_hold_out(panel: Panel, horizon: int) -> int:
    """Return how many steps at the end of every series are held out; 0 where there are too few.

    A whole horizon where half of the series keep two seasons, and one more horizon to choose
    models by; of shorter series a quarter of the longest.
    """
    lengths = panel.lengths
    if not len(lengths):
        return 0
    typical = float(np.quantile(lengths, 0.5))
    least = max(2 * panel.season + 1, min(horizon, 12), 3)
    if typical >= least + 2 * horizon:
        return horizon
    return int(min(horizon, lengths.max() // _SHORT_PARTS))


def without_last(table: SeriesTable, steps: int | Ints) -> SeriesTable:
    """Return the table as it was ``steps`` steps before the end of each series.

    The steps are the same for all series, or given for each, shape (S,).

    Gaps are filled by what was known then. A series that had not begun has no values. Known
    covariates stay known, as they are in a forecast, and so does the season: it is of the calendar.
    """
    whole = table.panel
    panel = whole.before(steps)
    values = whole.values.copy()
    rooms = np.diff(np.append(whole.starts, len(values)))
    known = whole.observed & (np.arange(len(values)) < np.repeat(panel.stops, rooms))
    values[~known] = np.nan
    panel = replace(panel, values=values, observed=known)
    fill_panel(panel)
    np.nan_to_num(panel.values, copy=False)  # after a series' end nothing is read
    return replace(table, panel=panel)

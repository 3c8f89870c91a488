"""Read the table of a training as the series that its request describes."""

from dataclasses import replace

import numpy as np
import pandas as pd

from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.hold_out import steps_to_hold_out
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.requests.train import TrainRequest

DEFAULT_METRIC = "mase"


def read_request_series(request: TrainRequest, table: pd.DataFrame) -> SeriesTable:
    """Return the series of a table, with what the user should know of them.

    Raises
    ------
    UserError
        Columns are missing, or their values are not those of series.
    """
    found = read_series(
        with_unique_names(table),
        request.series_columns,
        freq=request.freq,
        season=request.season,
    )
    return replace(found, notes=(*found.notes, *_more_notes(request, found)))


def check_series(request: TrainRequest, table: pd.DataFrame) -> None:
    """Check columns, times, values, metric and families of a forecast against its table.

    Raises
    ------
    UserError
        The first fault, as one line.
    """
    from espalier.pipelines.forecasting.families.registry import forecasters
    from espalier.pipelines.forecasting.metrics import forecast_metric

    forecast_metric(request.metric or DEFAULT_METRIC)
    forecasters(request.families or None, intermittent=True)
    assert request.horizon is not None
    panel = read_request_series(request, table).panel
    if not steps_to_hold_out(panel, request.horizon):
        longest = int(panel.lengths.max())
        raise UserError(
            f"the longest series of {request.shown_data} has {longest} value(s); at least 4 are "
            "needed to hold some out and to choose a model by others"
        )


def _more_notes(request: TrainRequest, found: SeriesTable) -> list[str]:
    """Return what else the user should know: how far the values reach, and who they belong to."""
    panel = found.panel
    last = panel.first + panel.lengths - 1
    newest = found.frequency.times(np.array([last.max()]), found.clock)
    reach = str(found.time_type.back(newest).iloc[0])
    notes = [f"the values reach to {reach}"]
    n_behind = int((last.max() - last > (request.horizon or 0)).sum())
    if n_behind:
        notes.append(
            f"{n_behind} of {len(panel)} series end more than {request.horizon} steps before that"
        )
    return notes

"""Prepare the series of a forecast: hold the last block out, and plan the origins."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.infra.runs.notes import FOLDS
from espalier.pipelines.automl.forecast.data import ForecastData, prepare_forecast
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.metrics import forecast_metric
from espalier.tasks.data.series.read_request import DEFAULT_METRIC, read_request_series
from espalier.tasks.pickles import read_pickle, write_pickle
from espalier.tasks.records import PreparedRef, PreparedSeries, TrainingRun


def prepare_series(run: TrainingRun) -> PreparedRef:
    """Prepare the series and write them into the run folder; return a reference.

    Raises
    ------
    UserError
        The table holds no series that can be forecast.
    """
    request = run.request
    assert request.horizon is not None
    raw: pd.DataFrame = read_pickle(run.table.path)
    table = read_request_series(request, raw)
    data = prepare_forecast(
        table,
        request.series_columns,
        horizon=request.horizon,
        levels=request.levels,
        metric=forecast_metric(request.metric or DEFAULT_METRIC),
        families=request.families or None,
        holds_out=True,
    )
    write_pickle(data, run.table.prepared_path)
    run.store.note(FOLDS, len(data.origins))
    unused = [] if request.wide else _unused(raw, request.series_columns)
    return PreparedRef(
        path=run.table.prepared_path,
        metric=data.forecast_metric.name,
        shape=data.context().shape,
        n_holdout=int(np.isfinite(data.actual_held_out).sum()),
        n_folds=len(data.origins),
        folds=_origins_in_words(data),
        digest=_digest(data),
        notes=tuple(table.notes),
        warnings=_warnings(data),
        set_aside=tuple((name, "a forecast does not use it") for name in unused),
        series=PreparedSeries(
            n_series=len(table.panel),
            horizon=data.horizon,
            frequency=table.frequency.label,
            season=table.panel.season,
        ),
    )


def _unused(raw: pd.DataFrame, columns: SeriesColumns) -> list[str]:
    used = {str(each) for each in columns.inputs}
    return [str(name) for name in raw.columns if str(name) not in used]


def _origins_in_words(data: ForecastData) -> str:
    n, ahead = len(data.origins), data.origins[0]
    steps = min(data.horizon, ahead)
    return f"{n} origin{'s' if n > 1 else ''}, {steps} step{'s' if steps > 1 else ''} from each"


def _warnings(data: ForecastData) -> tuple[str, ...]:
    found = []
    if data.held_out < data.horizon:
        found.append(
            f"the series are short: only {data.held_out} of {data.horizon} steps are held out"
        )
    if data.origins[0] < data.horizon:
        found.append(
            f"the series are short: models are chosen by {data.origins[0]} of {data.horizon} steps"
        )
    return tuple(found)


def _digest(data: ForecastData) -> str:
    """Return a digest (16 hex digits) of values, covariates, origins and seasons.

    Scores are comparable only if their digests are equal.
    """
    panel = data.search.panel
    digest = hashlib.blake2b(digest_size=8)
    digest.update(
        repr((data.horizon, data.origins, panel.season, panel.seasons, data.metric.name)).encode()
    )
    more: list[NDArray[Any]] = [] if panel.static is None else [panel.static]
    more += [] if panel.calendar is None else [panel.calendar.values]
    for values in (
        panel.values,
        panel.observed,
        panel.starts,
        panel.stops,
        panel.covariates,
        *more,
    ):
        digest.update(np.ascontiguousarray(values).view(np.uint8).data)
    return digest.hexdigest()

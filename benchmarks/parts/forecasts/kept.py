"""What trials of forecasts said at origins and of test windows, kept to be combined again.

See `benchmarks/parts/forecasts/intervals.py`.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts.forecasts.figures import LEVELS, listed

from espalier.pipelines.automl.forecast.data import prepare_forecast
from espalier.pipelines.automl.forecast.finish import base_at_origins
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.evaluation.forecast_context import usable
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.metrics import Scales, forecast_metric
from espalier.pipelines.forecasting.origins import has_few_series, whole_horizons
from espalier.pipelines.forecasting.panel import Floats, Panel
from espalier.pipelines.resources.budget import NEVER, Budget
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.seeds import drawn_rows
from espalier.pipelines.serving.forecast_model import base_forecast, spread_scales, unit_scales
from espalier.pipelines.trials.history import History


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is kept of a set: W origins, the newest first, V test windows, the oldest first.

    Attributes
    ----------
    made : dict of int to array, shape (W, S, H)
        Forecasts at the origins by trial.
    later : dict of int to array, shape (V, S, H)
        Forecasts of the windows by trial, fitted before the first.
    base, actual, unit, spread : arrays, shape (W, S, H) or (W, S)
        Base forecasts, what came, and the two scales of each series at the origins.
    later_base, later_actual, later_unit, later_spread : arrays
        The same of the windows.
    scales, later_scales : list of Scales
        What errors are divided by, by the season of the index, at each origin and window.
    naive, later_naive : arrays, shape (W, S, H) and (V, S, H)
        The seasonal naive forecast by the season of the index.
    weights : array, shape (S,)
        Scales of the series when weights are learned.
    history : History
        The trials.
    panel : Panel
        What lies before the first window.
    origins : tuple of int
        Steps before its end.
    floor : float or None
        No forecast is below it.
    season : int
        The season of the index.
    seconds : float
        What recording took.
    """

    name: str
    season: int
    made: dict[int, Floats]
    later: dict[int, Floats]
    base: Floats
    actual: Floats
    unit: Floats
    spread: Floats
    later_base: Floats
    later_actual: Floats
    later_unit: Floats
    later_spread: Floats
    scales: list[Scales]
    later_scales: list[Scales]
    naive: Floats
    later_naive: Floats
    weights: Floats
    history: History
    panel: Panel
    origins: tuple[int, ...]
    floor: float | None
    seconds: float


def by_index(panel: Panel, season: int) -> tuple[Scales, Panel]:
    """Return the scales of a panel, and the panel itself, by another season."""
    values = [
        np.where(panel.observed[a:b], panel.values[a:b], np.nan)
        for a, b in zip(panel.starts, panel.stops, strict=True)
    ]
    other = Panel.of(values, season=season)
    return Scales.of(other), other


def record(row: Any, folder: Path, trials: int, most: int, seed: int, series: int) -> Kept:
    """Search on what lies before the test windows of so many series, and forecast these."""
    began = time.monotonic()
    horizon, season, windows = int(row.horizon), int(row.seasonality), int(row.test_windows)
    known, past, static = (
        tuple(listed(row[f"{kind}_covariates"])) for kind in ("known", "past", "static")
    )
    columns = SeriesColumns(
        time="time",
        target="target",
        series="series",
        known_covariates=known,
        past_covariates=past,
        static=static,
    ).named()
    table = pd.read_parquet(folder / f"{row['name']}.parquet")
    names = pd.unique(table["series"])
    table = table[table["series"].isin(names[drawn_rows(len(names), series, seed=0)])]
    table = table.sort_values(["series", "time"], kind="stable").reset_index(drop=True)
    left = table.groupby("series", sort=False).cumcount(ascending=False)
    train = read_series(table[left >= windows * horizon], columns)
    data = prepare_forecast(
        train, columns, horizon=horizon, levels=LEVELS, metric=forecast_metric("mase")
    )
    usual = data.origins
    if has_few_series(train.panel) and usual and usual[0] == horizon:
        fit = whole_horizons(train.panel, horizon)
        data = replace(data, origins=tuple(horizon * (w + 1) for w in range(min(fit, most))))
    context = data.context()
    kept: dict[int, Floats] = {}
    shape = (len(data.origins), len(train.panel), horizon)

    def keep(outcome: Any) -> None:
        if outcome.predictions is not None:
            kept[outcome.result.trial.number] = np.reshape(outcome.predictions, shape)

    budget = Budget(seconds=None, trials=trials)
    plan = SearchPlan(
        space=data.space, budget=budget, seed=seed, n_workers=1, n_folds=len(data.origins)
    )
    with SerialExecutor(context) as executor:
        history = run_search(
            plan, executor, context.metric, deadline=budget.begin(), on_result=keep
        )
    by_number = {each.trial.number: each.trial for each in history.results}
    members = {
        number: context.build(by_number[number].configuration, by_number[number].seed).fit(
            data.search.panel, horizon, NEVER
        )
        for number in kept
    }
    later: dict[int, list[Floats]] = {number: [] for number in kept}
    panels, actual = [], []
    for window in range(windows, 0, -1):
        past_rows = table[left >= window * horizon]
        test = table[(left < window * horizon) & (left >= (window - 1) * horizon)]
        given = test[["series", "time", *known]] if known else None
        seen = read_series(past_rows, columns, like=train, ahead=given)
        assert list(seen.names) == list(train.names)
        panels.append(seen.panel)
        frame = seen.future(horizon, columns)
        both = frame.merge(test[["series", "time", "target"]], on=["series", "time"], how="left")
        actual.append(both["target"].to_numpy(float).reshape(len(seen.panel), horizon))
        for number, model in members.items():
            made = usable(model.forecast(seen.panel, horizon, NEVER), seen.panel)
            later[number].append(made)
    before = [data.search.panel.before(ahead) for ahead in data.origins]
    index_before = [by_index(each, season) for each in before]
    index_later = [by_index(each, season) for each in panels]
    return Kept(
        name=row["name"],
        season=season,
        made=kept,
        later={number: np.stack(each) for number, each in later.items()},
        base=base_at_origins(data),
        actual=context.actual(),
        unit=np.stack([unit_scales(each) for each in before]),
        spread=np.stack([spread_scales(each) for each in before]),
        later_base=np.stack([base_forecast(each, horizon) for each in panels]),
        later_actual=np.stack(actual),
        later_unit=np.stack([unit_scales(each) for each in panels]),
        later_spread=np.stack([spread_scales(each) for each in panels]),
        scales=[scales for scales, _ in index_before],
        later_scales=[scales for scales, _ in index_later],
        naive=np.stack([base_forecast(each, horizon) for _, each in index_before]),
        later_naive=np.stack([base_forecast(each, horizon) for _, each in index_later]),
        weights=unit_scales(data.search.panel),
        history=history,
        panel=data.search.panel,
        origins=data.origins,
        floor=data.floor,
        seconds=time.monotonic() - began,
    )

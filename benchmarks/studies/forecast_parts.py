"""What the parts of a forecast are worth: the windows' own units, the ensemble, experience.

    python benchmarks/studies/forecast_parts.py SERIES_FOLDER [--sets a,b] [--trials 16] [--seed 0]
        [--series 200] [--knowledge FOLDER]

The folder is that of `benchmarks/forecast.py`. On each set a number of trials (not seconds, so that
a busy machine changes nothing) is run on what lies before the last horizon, which is then forecast

    ensemble    by the trials as they are combined
    warm        the same of as many trials, the first of them advised by ``--knowledge``
    single      by the best trial alone
    mean        by the plain mean of each family's best trial
    relative    by the default reduction: windows relative to their own level and change
    plain       by the same trees on lags of the series in units of its own mean and deviation,
                one step after the other, as it is often done
    naive       by the last season

Of large sets ``--series`` are drawn. Printed is MASE; the last line is one JSON object.
"""

import argparse
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.automl.forecast.advice import forecast_advice
from espalier.pipelines.automl.forecast.data import ForecastData, prepare_forecast
from espalier.pipelines.automl.forecast.finish import finish_forecast
from espalier.pipelines.evaluation.executors.base import SerialExecutor
from espalier.pipelines.evaluation.forecast_context import usable
from espalier.pipelines.forecasting.families.definitions import FORECASTERS
from espalier.pipelines.forecasting.families.reduction import fit_lightgbm
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.metrics import Scales, forecast_metric, mase
from espalier.pipelines.forecasting.panel import Floats, Panel
from espalier.pipelines.learners.base.learner import BuildContext
from espalier.pipelines.resources.budget import NEVER, Budget
from espalier.pipelines.search.loop import run_search
from espalier.pipelines.search.plan import SearchPlan
from espalier.pipelines.seeds import drawn_rows
from espalier.pipelines.serving.forecast_model import base_forecast
from espalier.pipelines.space.family import FamilySpace
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.row_predictions import Predictions

LEVELS = (0.1, 0.5, 0.9)
# Lags and rows of the plain reduction.
MOST_LAGS, MOST_ROWS = 64, 30_000


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """A set without its last horizon, and that horizon."""

    data: ForecastData
    actual: Floats
    scales: Scales

    def score(self, made: Floats) -> float:
        """Return MASE by the season of the index."""
        return mase(self.actual, made, self.scales)


def split_set(row: Any, folder: Path, most: int) -> Split:
    """Read a set, of at most so many series, and take its last horizon off."""
    horizon = int(row.horizon)
    known = tuple(row.known_covariates.split(";")) if isinstance(row.known_covariates, str) else ()
    columns = SeriesColumns(time="time", target="target", series="series", known_covariates=known)
    table = pd.read_parquet(folder / f"{row.name}.parquet")
    names = pd.unique(table["series"])
    table = table[table["series"].isin(names[drawn_rows(len(names), most, seed=0)])]
    left = table.groupby("series", sort=False).cumcount(ascending=False)
    train = read_series(table[left >= horizon], columns)
    later = {
        name: part.to_numpy(float)
        for name, part in table[left < horizon].groupby("series")["target"]
    }
    actual = np.full((len(train.names), horizon), np.nan)
    for place, name in enumerate(train.names):
        values = later.get(name, np.zeros(0))
        actual[place, : len(values)] = values
    season = int(row.seasonality)
    by_index = Panel.of([train.panel.series(at) for at in range(len(train.panel))], season=season)
    data = prepare_forecast(
        train, columns, horizon=horizon, levels=LEVELS, metric=forecast_metric("mase")
    )
    return Split(data, actual, Scales.of(by_index))


def search(
    data: ForecastData, trials: int, seed: int, knowledge: Path | None = None
) -> tuple[History, dict[int, Predictions]]:
    """Return the trials and their forecasts at the origins."""
    advice = forecast_advice(data, knowledge, seed=seed)
    kept: dict[int, Predictions] = {}

    def keep(outcome: Any) -> None:
        if outcome.predictions is not None:
            kept[outcome.result.trial.number] = outcome.predictions

    context = data.context()
    budget = Budget(seconds=None, trials=trials)
    plan = SearchPlan(
        space=data.space,
        budget=budget,
        seed=seed,
        n_workers=1,
        n_folds=len(data.origins),
        warm_start=() if advice is None else advice.first,
        prior=None if advice is None else advice.prior,
    )
    with SerialExecutor(context) as executor:
        history = run_search(
            plan, executor, context.metric, deadline=budget.begin(), on_result=keep
        )
    return history, kept


def forecast(data: ForecastData, model: Any) -> Floats:
    """Fit a model to all values and forecast."""
    panel = data.search.panel
    made = model.fit(panel, data.horizon, NEVER).forecast(panel, data.horizon, NEVER)
    return usable(made, panel)


def forecast_trial(data: ForecastData, result: Any) -> Floats:
    """Fit a trial's configuration to all values and forecast."""
    return forecast(data, data.context().build(result.trial.configuration, result.trial.seed))


def relative(data: ForecastData) -> Floats:
    """Forecast by the reduction as it is, with the last season as its base."""
    (learner,) = (each for each in FORECASTERS if each.name == "reduction")
    shape = data.context().shape
    values = FamilySpace.of(learner, shape).complete({"base": "seasonal_naive"}, None)
    return forecast(data, learner.build(values.model_values, BuildContext(shape=shape, seed=0)))


def plain(data: ForecastData) -> Floats:
    """Forecast by trees on lags, each series in units of its own mean and deviation."""
    panel, horizon = data.search.panel, data.horizon
    n_lags = int(np.clip(2 * panel.season + 1, 12, MOST_LAGS))
    rng, rows, targets, tails, units = np.random.default_rng(0), [], [], [], []
    for place in range(len(panel)):
        y = panel.series(place)
        unit = (float(y.mean()), float(y.std()) or 1.0)
        z = (y - unit[0]) / unit[1]
        padded = np.concatenate([np.full(n_lags, np.nan), z])
        windows = np.lib.stride_tricks.sliding_window_view(padded, n_lags)
        rows.append(windows[1:-1] if len(z) > 1 else windows[:0])
        targets.append(z[1:])
        tails.append(windows[-1])
        units.append(unit)
    X, y = np.concatenate(rows), np.concatenate(targets)
    some = rng.permutation(len(y))[:MOST_ROWS]
    model = fit_lightgbm(
        X[some],
        y[some],
        np.ones(len(some)),
        NEVER,
        rounds=120,
        learning_rate=0.05,
        num_leaves=15,
        min_data=30,
        feature_share=0.6,
        loss="l1",
        seed=0,
    )
    seen, made = np.stack(tails), np.empty((len(panel), horizon))
    for step in range(horizon):
        made[:, step] = model.predict(seen)
        seen = np.concatenate([seen[:, 1:], made[:, step : step + 1]], axis=1)
    mean, deviation = np.array(units).T
    return np.asarray(mean[:, None] + deviation[:, None] * made)


def together(
    data: ForecastData, trials: int, seed: int, knowledge: Path | None = None
) -> tuple[History, Floats]:
    """Return the trials of a search, and what they forecast as they are combined."""
    history, kept = search(data, trials, seed, knowledge)
    with SerialExecutor(data.context()) as executor:
        result = finish_forecast(
            data, history, kept, executor, seed=seed, deadline=NEVER, choose_until=NEVER
        )
    return history, result.model.forecast(data.search.panel, tuple(data.search.names))[0]


def run_set(row: Any, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Return MASE of every part on one set."""
    split = split_set(row, folder, options.series)
    data = split.data
    history, made = together(data, options.trials, options.seed)
    warm = {}
    if options.knowledge is not None:
        _, advised = together(data, options.trials, options.seed, options.knowledge)
        warm = {"warm": split.score(advised)}
    best = sorted(history.successes, key=history.gain, reverse=True)
    of_family: dict[str, Any] = {}
    for each in best:
        of_family.setdefault(each.trial.configuration.family, each)
    singles = {name: forecast_trial(data, each) for name, each in of_family.items()}
    return {
        "ensemble": split.score(made),
        **warm,
        "single": split.score(singles[best[0].trial.configuration.family]),
        "mean": split.score(np.mean(list(singles.values()), axis=0)),
        "relative": split.score(relative(data)),
        "plain": split.score(plain(data)),
        "naive": split.score(base_forecast(data.search.panel, data.horizon)),
    }


def main() -> None:
    """Run the sets and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", default="")
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--series", type=int, default=200)
    parser.add_argument("--knowledge", type=Path)
    options = parser.parse_args()
    index = pd.read_csv(options.folder / "index.csv").set_index("name", drop=False)
    found: dict[str, dict[str, float]] = {}
    for name in [each for each in options.sets.split(",") if each] or list(index.index):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found[name] = run_set(index.loc[name], options.folder, options)
        if len(found) == 1:
            print(f"{'set':18s}" + "".join(f"{key:>10s}" for key in found[name]))
        print(f"{name:18s}" + "".join(f"{v:10.3f}" for v in found[name].values()), flush=True)
    ratios = {
        key: float(np.exp(np.mean([np.log(e[key] / e["ensemble"]) for e in found.values()])))
        for key in next(iter(found.values()))
    }
    print(json.dumps({"sets": len(found), "mase_by_that_of_the_ensemble": ratios}))


if __name__ == "__main__":
    main()

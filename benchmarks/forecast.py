"""Forecast the last windows of every set of a folder of series, and compare with seasonal naive.

    python benchmarks/forecast.py SERIES_FOLDER [--out FOLDER] [--seconds 60] [--trials N]
        [--sets a,b] [--jobs 2] [--seed 0] [--windows N] [--no-covariates] [--experience FOLDER]

The folder's `index.csv` says frequency, season, horizon, covariates and the number of test windows.
A model is fitted once to what lies before the first window; each window is forecast from all that
lies before it, with the covariates that the index names. Scales are those of the training part of
each window, by the season of the index. With ``--out`` a set whose record exists is not run again.
The last line is one JSON object.
"""

import argparse
import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from parts.forecasts.figures import LEVELS, figures_of, listed

from espalier import AutoMLForecaster


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--trials", type=int)
    parser.add_argument("--sets", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-covariates", action="store_true", help="leave all covariates out")
    parser.add_argument("--experience", type=Path, help="what `espalier experience fit` wrote")
    parser.add_argument("--windows", type=int, help="fewer test windows than the index says")
    return parser.parse_args()


def run_set(row: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Fit to what lies before the test windows, forecast each, and return the figures."""
    table = pd.read_parquet(options.folder / f"{row.name}.parquet")
    horizon, season = int(row.horizon), int(row.seasonality)
    windows = min(int(row.test_windows), options.windows or 99)
    known, past, static = (
        [] if options.no_covariates else listed(row[f"{kind}_covariates"])
        for kind in ("known", "past", "static")
    )
    table = table.sort_values(["series", "time"], kind="stable").reset_index(drop=True)
    left = table.groupby("series", sort=False).cumcount(ascending=False)
    began = time.monotonic()
    model = AutoMLForecaster(
        horizon=horizon,
        known_covariates=known,
        past_covariates=past,
        static=static,
        quantiles=LEVELS,
        time_budget=None if options.trials else options.seconds,
        n_trials=options.trials,
        n_jobs=options.jobs,
        random_state=options.seed,
        experience=options.experience,
    ).fit(table[left >= windows * horizon])
    fitted = time.monotonic() - began
    figures = []
    for window in range(windows, 0, -1):
        history = table[left >= window * horizon]
        test = table[(left < window * horizon) & (left >= (window - 1) * horizon)]
        began = time.monotonic()
        given = test[["series", "time", *known]] if known else None
        made = model.predict(history, known_covariates=given)
        predicting = time.monotonic() - began
        figures.append(figures_of(history, test, made, season, horizon) | {"predict": predicting})
    means = {key: float(np.nanmean([each[key] for each in figures])) for key in figures[0]}
    shares = model.leaderboard_.groupby("family")["weight"].sum()
    return {
        "set": row.name,
        **means,
        "cv_score": model.cv_score_,
        "fit_seconds": fitted,
        "trials": len(model.leaderboard_),
        "season_found": model.season_,
        "method": model.method_,
        "families": {k: round(float(v), 3) for k, v in shares.items() if v > 0},
    }


def main() -> None:
    """Run every set and print the table."""
    options = arguments()
    index = pd.read_csv(options.folder / "index.csv").set_index("name", drop=False)
    wanted = [each for each in options.sets.split(",") if each] or list(index.index)
    results = []
    print(
        f"{'set':18s} {'mase':>7s} {'naive':>7s} {'ratio':>6s} {'wql':>7s} {'ratio':>6s} "
        f"{'80 %':>5s} {'trials':>6s} {'fit s':>6s}"
    )
    for name in wanted:
        record = None if options.out is None else options.out / f"{name}.json"
        if record is not None and record.exists():
            result = json.loads(record.read_text())
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = run_set(index.loc[name], options)
            if record is not None:
                record.parent.mkdir(parents=True, exist_ok=True)
                record.write_text(json.dumps(result))
        results.append(result)
        print(
            f"{name:18s} {result['mase']:7.3f} {result['naive_mase']:7.3f} "
            f"{result['mase'] / result['naive_mase']:6.3f} {result['wql']:7.4f} "
            f"{result['wql'] / result['naive_wql']:6.3f} {result['covered_80']:5.2f} "
            f"{result['trials']:6d} {result['fit_seconds']:6.1f}",
            flush=True,
        )
    ratios = np.array([each["mase"] / each["naive_mase"] for each in results])
    summary = {
        "sets": len(results),
        "mean_mase_ratio": round(float(ratios.mean()), 4),
        "worst_mase_ratio": round(float(ratios.max()), 4),
        "mean_wql_ratio": round(
            float(np.mean([each["wql"] / each["naive_wql"] for each in results])), 4
        ),
        "mean_covered_80": round(float(np.mean([each["covered_80"] for each in results])), 4),
        "mase": {each["set"]: round(each["mase"], 4) for each in results},
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()

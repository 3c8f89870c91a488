"""What a forecast of random walks costs against the last value, which nothing is better than.

    python benchmarks/studies/forecast_walks.py [--seeds 0,1,2] [--series 40] [--steps 200]
        [--horizon 10] [--freq D] [--kind plain] [--trials 8]

On each made set some trials are run and combined as ever. Many continuations of each walk are then
drawn, so that what is printed is the expected error of the forecast by that of the last value, not
what one future says of it: 1 is the best there is. ``--kind`` is ``plain`` (normal steps),
``heavy`` (steps of Student's t with 3 degrees of freedom) or ``common`` (half of a step is that of
all series). The last line is one JSON object.
"""

import argparse
import json
import warnings

import numpy as np
import pandas as pd
from forecast_parts import LEVELS, together

from espalier.pipelines.automl.forecast.data import prepare_forecast
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.metrics import forecast_metric
from espalier.pipelines.forecasting.panel import Floats

CONTINUATIONS = 300
START, STEP = 1000.0, 5.0


def drawn_steps(kind: str, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Return the steps of walks, shape (S, T), of deviation 1."""
    if kind == "heavy":
        return np.asarray(rng.standard_t(3, size=shape) / np.sqrt(3.0))
    own = rng.normal(size=shape)
    if kind == "common":
        return np.asarray(np.sqrt(0.5) * (own + rng.normal(size=(1, shape[1]))))
    return own


def run_set(options: argparse.Namespace, seed: int) -> tuple[float, int]:
    """Return the expected error by that of the last value, and the season that was found."""
    rng = np.random.default_rng([seed, options.series, options.steps, options.horizon])
    walks = START + STEP * drawn_steps(options.kind, rng, (options.series, options.steps)).cumsum(1)
    times = pd.date_range("2010-01-01", periods=options.steps, freq=options.freq)
    parts = [
        pd.DataFrame({"series": place, "time": times, "target": walk})
        for place, walk in enumerate(walks)
    ]
    columns = SeriesColumns(time="time", target="target", series="series")
    table = read_series(pd.concat(parts, ignore_index=True), columns)
    data = prepare_forecast(
        table,
        columns,
        horizon=options.horizon,
        levels=LEVELS,
        metric=forecast_metric("mase"),
    )
    _, made = together(data, options.trials, seed)
    last = data.search.panel.tail(1)
    missed, missed_by_last = 0.0, 0.0
    for _ in range(CONTINUATIONS):
        shape = (options.series, options.horizon)
        came = last + STEP * drawn_steps(options.kind, rng, shape).cumsum(axis=1)
        missed += float(np.abs(came - made).mean())
        missed_by_last += float(np.abs(came - last).mean())
    return missed / missed_by_last, data.search.panel.season


def main() -> None:
    """Run the sets and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--series", type=int, default=40)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--horizon", type=int, default=10)
    parser.add_argument("--freq", default="D")
    parser.add_argument("--kind", choices=["plain", "heavy", "common"], default="plain")
    parser.add_argument("--trials", type=int, default=8)
    options = parser.parse_args()
    found = {}
    for seed in [int(each) for each in options.seeds.split(",")]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found[seed], season = run_set(options, seed)
        print(
            f"seed {seed}: {found[seed]:.4f} of the last value's error, season {season}", flush=True
        )
    ratios = list(found.values())
    print(json.dumps({"mean": round(float(np.mean(ratios)), 4), "worst": round(max(ratios), 4)}))


if __name__ == "__main__":
    main()

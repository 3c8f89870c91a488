"""Forecast by statsforecast, in an environment of its own: its usual models and their mean.

Run by `benchmarks/forecast_peers.py` as ``PYTHON statsforecast_worker.py REQUEST.json``; needs
statsforecast, pandas and pyarrow. Each history is forecast as it is, as these methods learn nothing
from one origin to the next. Quantiles are those of the models' intervals; of the mean, their mean.
"""

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

MODELS = ("AutoETS", "DynamicOptimizedTheta", "CES")
MEAN = "mean"


def forecast(history: pd.DataFrame, request: dict[str, Any]) -> pd.DataFrame:
    """Return a long table: model, series, time's place, prediction and quantiles."""
    from statsforecast import StatsForecast
    from statsforecast.models import AutoCES, AutoETS, DynamicOptimizedTheta, SeasonalNaive

    season, horizon = int(request["season"]), int(request["horizon"])
    levels = [float(each) for each in request["levels"]]
    models = [
        AutoETS(season_length=season),
        DynamicOptimizedTheta(season_length=season),
        AutoCES(season_length=season),
    ]
    rows = history.rename(columns={"series": "unique_id", "time": "ds", "target": "y"})
    rows["ds"] = rows.groupby("unique_id").cumcount()  # whole steps: no calendar is needed
    runner = StatsForecast(
        models=models,
        freq=1,
        n_jobs=int(request["jobs"]),
        fallback_model=SeasonalNaive(season_length=season),
    )
    widths = sorted({round(100 * abs(2 * q - 1)) for q in levels} - {0})
    made = runner.forecast(df=rows[["unique_id", "ds", "y"]], h=horizon, level=widths)
    parts = []
    for name in MODELS:
        part = made[["unique_id"]].rename(columns={"unique_id": "series"})
        part["step"] = part.groupby("series").cumcount()
        part["prediction"] = made[name].to_numpy()
        for q in levels:
            width = round(100 * abs(2 * q - 1))
            side = "lo" if q < 0.5 else "hi"
            column = name if width == 0 else f"{name}-{side}-{width}"
            part[str(q)] = made[column].to_numpy()
        parts.append(part.assign(model=name))
    both = pd.concat(parts, ignore_index=True)
    numbers = ["prediction", *(str(q) for q in levels)]
    mean = both.groupby(["series", "step"], sort=False)[numbers].mean().reset_index()
    return pd.concat([both, mean.assign(model=MEAN)], ignore_index=True)


def main() -> None:
    """Forecast every history of the request."""
    warnings.simplefilter("ignore")
    request = json.loads(Path(sys.argv[1]).read_text())
    seconds = []
    for history, out in zip(request["histories"], request["outs"], strict=True):
        began = time.monotonic()
        forecast(pd.read_parquet(history), request).to_parquet(out, index=False)
        seconds.append(time.monotonic() - began)
    Path(request["done"]).write_text(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()

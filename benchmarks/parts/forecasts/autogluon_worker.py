"""Forecast by AutoGluon's time series, in an environment of its own: its weighted ensemble.

Run by `benchmarks/forecast_peers.py` as ``PYTHON autogluon_worker.py REQUEST.json``; needs
autogluon.timeseries and pyarrow. A predictor is fitted once, to the first history, and forecasts
each of them, as Espalier's does. Models that would download weights are left out.
"""

import json
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

MODEL = "autogluon"
_NEED_WEIGHTS = ["Chronos", "Chronos2", "Toto"]


def frame_of(rows: pd.DataFrame, static: list[str]) -> Any:
    """Return rows of series, time, target and covariates as AutoGluon takes them."""
    from autogluon.timeseries import TimeSeriesDataFrame

    return TimeSeriesDataFrame.from_data_frame(
        rows.drop(columns=static),
        id_column="series",
        timestamp_column="time",
        static_features_df=None
        if not static
        else rows.groupby("series", sort=False)[static].first().reset_index(),
    )


def main() -> None:
    """Fit, and forecast every history of the request."""
    warnings.simplefilter("ignore")
    from autogluon.timeseries import TimeSeriesPredictor

    request = json.loads(Path(sys.argv[1]).read_text())
    levels = [float(each) for each in request["levels"]]
    histories = [pd.read_parquet(each) for each in request["histories"]]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        predictor = TimeSeriesPredictor(
            target="target",
            prediction_length=int(request["horizon"]),
            freq=request["frequency"],
            eval_metric="MASE",
            eval_metric_seasonal_period=int(request["season"]),
            quantile_levels=levels,
            known_covariates_names=request["known"] or None,
            path=scratch,
            verbosity=0,
        ).fit(
            frame_of(histories[0], request["static"]),
            time_limit=request["seconds"],
            presets=request["presets"],
            excluded_model_types=_NEED_WEIGHTS,
            random_seed=0,
        )
        seconds = [time.monotonic() - began] + [0.0] * (len(histories) - 1)
        for history, given, out in zip(histories, request["givens"], request["outs"], strict=True):
            ahead = None
            if request["known"]:
                ahead = frame_of(pd.read_parquet(given), [])
            made = predictor.predict(frame_of(history, request["static"]), known_covariates=ahead)
            rows = made.reset_index().rename(columns={"item_id": "series", "mean": "prediction"})
            rows["step"] = rows.groupby("series", sort=False).cumcount()
            wanted = ["series", "step", "prediction", *(str(each) for each in levels)]
            rows[wanted].assign(model=MODEL).to_parquet(out, index=False)
    Path(request["done"]).write_text(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()

"""Series for tests, and a small forecast of them on disk."""

import numpy as np
import pandas as pd

SHOPS = ("north", "south", "<b>west</b>")


def sales(n_days=60, shops=SHOPS):
    """Daily sales of three shops, with a weekly pattern and a price that is known ahead."""
    rng = np.random.default_rng(0)
    days = pd.date_range("2026-01-01", periods=n_days)
    parts = [
        pd.DataFrame(
            {
                "day": days.strftime("%Y-%m-%d"),
                "shop": shop,
                "price": rng.uniform(1, 2, n_days).round(2),
                "units": (20 + 5 * np.sin(np.arange(n_days) * 2 * np.pi / 7) + at).round(2),
            }
        )
        for at, shop in enumerate(shops)
    ]
    return pd.concat(parts, ignore_index=True)


def saved_forecast(folder, rows=None, **options):
    """Train a small forecast of `sales` and save it; the folder, golden rows and the estimator."""
    from espalier.pipelines.automl.forecaster import AutoMLForecaster
    from espalier.pipelines.serving.saved_forecast import save_forecast
    from espalier.pipelines.serving.series_forecaster import SeriesForecaster

    rows = sales() if rows is None else rows
    asked = {"families": ["naive", "theta"], "series_column": "shop"} | options
    fitted = AutoMLForecaster(
        horizon=7,
        time_column="day",
        target="units",
        quantiles=(0.1, 0.5, 0.9),
        time_budget=None,
        n_trials=2,
        n_jobs=1,
        **asked,
    ).fit(rows)
    forecaster = SeriesForecaster(
        model=fitted.model_,
        table=fitted._table,
        columns=fitted._fitted_columns,
        quantiles=fitted.quantiles,
    )
    golden = rows.head(20)
    if fitted.known_covariates:
        golden = rows.head(60).assign(units=lambda table: table["units"].where(table.index < 53))
    return save_forecast(forecaster, folder, golden=golden), golden, fitted

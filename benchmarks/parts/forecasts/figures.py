"""The figures that forecasts of a set are judged by, whoever made them."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from espalier.pipelines.forecasting.metrics import (
    Scales,
    coverage,
    mase,
    rmsse,
    scrps,
    smape,
    wape,
    wql,
)

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def listed(names: Any) -> list[str]:
    """Return the names of a cell of the index; none of an empty one."""
    return names.split(";") if isinstance(names, str) else []


def figures_of(
    history: pd.DataFrame, test: pd.DataFrame, made: pd.DataFrame, season: int, horizon: int
) -> dict[str, float]:
    """Return the scores of one window, and of the seasonal naive forecast beside it."""
    names = list(dict.fromkeys(made["series"]))
    both = made.merge(test[["series", "time", "target"]], on=["series", "time"], how="left")
    y = both["target"].to_numpy().reshape(-1, horizon)
    f = both["prediction"].to_numpy().reshape(-1, horizon)
    quantiles = both[[str(q) for q in LEVELS]].to_numpy().reshape(-1, horizon, len(LEVELS))
    values = {k: v.to_numpy(float) for k, v in history.groupby("series", sort=False)["target"]}
    absolute, squared, naive, spread = [], [], [], []
    for name in names:
        past = values[name]
        change = past[season:] - past[:-season]
        absolute.append(np.nanmean(np.abs(change)) if len(change) else np.nan)
        squared.append(np.sqrt(np.nanmean(change**2)) if len(change) else np.nan)
        last = pd.Series(past).ffill().to_numpy()[-season:]
        naive.append(np.resize(last, horizon))
        sigma = squared[-1] if np.isfinite(squared[-1]) else 0.0
        spread.append(sigma * np.sqrt(1 + np.arange(horizon) // season))
    scales = Scales(np.array(absolute), np.array(squared))
    scales = Scales(*(np.where(x > 0, x, np.nan) for x in (scales.absolute, scales.squared)))
    base, width = np.array(naive), np.array(spread)
    naive_quantiles = base[:, :, None] + width[:, :, None] * norm.ppf(LEVELS)
    return {
        "mase": mase(y, f, scales),
        "rmsse": rmsse(y, f, scales),
        "smape": smape(y, f, scales),
        "wape": wape(y, f, scales),
        "wql": wql(y, quantiles, LEVELS),
        "scrps": scrps(y, quantiles, LEVELS, scales),
        "covered_80": coverage(y, quantiles[:, :, 0], quantiles[:, :, -1]),
        "naive_mase": mase(y, base, scales),
        "naive_wql": wql(y, naive_quantiles, LEVELS),
        "naive_scrps": scrps(y, naive_quantiles, LEVELS, scales),
    }

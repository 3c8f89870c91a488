"""What a forecast training tells: its leaderboard and its back-test, as tables."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.table import SeriesTable

if TYPE_CHECKING:
    from espalier.pipelines.automl.forecast.settings import ForecastResult


def leaderboard_frame(result: "ForecastResult") -> pd.DataFrame:
    """Return one row per trial, the best first."""
    weights: dict[int, float] = {}
    if result.choice is not None and result.model.rule is not None:
        rule = result.model.rule
        shares = rule.weights.mean(axis=0) / max(float(rule.weights.mean(axis=0).sum()), 1e-12)
        weights = dict(zip(rule.numbers, shares.tolist(), strict=True))
    rows = [
        {
            "trial": each.trial.number,
            "family": each.trial.configuration.family,
            "score": each.score,
            "score_std": each.score_std,
            "fit_seconds": each.fit_seconds,
            "seconds": each.seconds,
            "weight": weights.get(each.trial.number, 0.0),
            "status": str(each.status),
            "configuration": dict(each.trial.configuration),
        }
        for each in result.history.ordered
    ]
    columns = ["trial", "family", "score", "score_std", "fit_seconds", "seconds", "weight"]
    frame = pd.DataFrame(rows, columns=[*columns, "status", "configuration"])
    frame["score"] = frame["score"].astype(float)
    return frame.sort_values(["score", "trial"], na_position="last").reset_index(drop=True)


def backtest_frame(
    result: "ForecastResult",
    table: SeriesTable,
    columns: SeriesColumns,
    levels: tuple[float, ...],
) -> pd.DataFrame:
    """Return the forecasts at every origin with what came, one row for each observed step.

    ``origin`` is the number of steps before the end of a series; ``step`` counts from 1.
    """
    sorted_levels = sorted(float(each) for each in levels)
    parts = []
    for w, ahead in enumerate(result.context.origins):
        actual = table.panel.actual(ahead, result.context.horizon)
        row, step = np.nonzero(np.isfinite(actual))
        ordinals = table.panel.first[row] + table.panel.lengths[row] - ahead + step
        times = table.time_type.back(table.frequency.times(ordinals, table.clock))
        part: dict[object, object] = dict(table.keys(columns, row).items())
        part[columns.time] = times.reset_index(drop=True)
        part["origin"], part["step"] = ahead, step + 1
        part["actual"] = actual[row, step]
        part["prediction"] = result.backtest[w, row, step]
        for level in levels:
            place = sorted_levels.index(float(level))
            part[str(level)] = result.backtest_quantiles[w, row, step, place]
        parts.append(pd.DataFrame(part))
    if not parts:
        return pd.DataFrame()
    return pd.concat(parts, ignore_index=True)

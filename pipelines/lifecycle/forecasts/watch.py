"""Score a served forecast on what has come, compared with its held-out block."""

import math

import numpy as np
from scipy.special import stdtrit

from espalier.pipelines.forecasting.scores import FEWEST_SERIES, ScoredForecast
from espalier.pipelines.lifecycle.forecasts.arrived import mean_score
from espalier.pipelines.lifecycle.retraining.live_score import LiveScore

FEWEST_VALUES = 5
"""Fewest values that a score is worth."""
_LEVEL = 0.95
_NORMAL = 1.96  # half width of a 95 % interval in standard errors


def score_arrived(
    blocks: list[ScoredForecast],
    *,
    before: float,
    before_interval: tuple[float, float],
    seed: int,
) -> LiveScore | None:
    """Compare the score on what has come with that on the held-out block.

    Parameters
    ----------
    blocks : list of ScoredForecast
        From `arrived_blocks`.
    before : float
        Score on the held-out block.
    before_interval : (float, float)
        Its 95 % interval.
    seed : int
        Seed of the bootstrap samples.

    Returns
    -------
    LiveScore or None
        None where hardly anything has come. Errors are those of series; with fewer than ten
        series, those of blocks of time, and unknown (infinite) with fewer than three of them.
    """
    n_values = sum(each.n_values for each in blocks)
    if n_values < FEWEST_VALUES or not np.isfinite([each.score for each in blocks]).all():
        return None
    score = mean_score(blocks)
    interval = _interval(blocks, score, seed)
    drop = score - before
    errors = [abs(high - low) / (2.0 * _NORMAL) for low, high in (interval, before_interval)]
    error = math.hypot(*errors)
    return LiveScore(
        metric=blocks[0].metric.name,
        score=score,
        interval=interval,
        before=before,
        before_interval=before_interval,
        drop=drop,
        drop_interval=(drop - _NORMAL * error, drop + _NORMAL * error),
        n_rows=n_values,
    )


def _interval(blocks: list[ScoredForecast], score: float, seed: int) -> tuple[float, float]:
    n_series = max(int(np.isfinite(each.actual).any(axis=1).sum()) for each in blocks)
    if n_series >= FEWEST_SERIES:  # blocks of the same series are alike: their errors do not shrink
        halves = [(high - low) / 2.0 for low, high in (e.interval(seed=seed) for e in blocks)]
        half = float(np.mean(halves))
    elif len(blocks) >= 3:
        scores = [each.score for each in blocks]
        error = float(np.std(scores, ddof=1)) / np.sqrt(len(scores))
        half = float(error * stdtrit(len(scores) - 1, (1.0 + _LEVEL) / 2.0))
    else:
        return 0.0, float("inf")
    return max(0.0, score - half), score + half

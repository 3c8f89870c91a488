"""Fit prediction intervals to out-of-fold residuals.

See `espalier.pipelines.calibration.intervals`.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.calibration.intervals import Intervals, ResidualScale, ScaledBy
from espalier.pipelines.calibration.reliability import row_weights
from espalier.pipelines.ensemble.combination import Floats
from espalier.pipelines.ensemble.out_of_fold import OutOfFold
from espalier.pipelines.ensemble.row_blocks import independent_units, row_blocks
from espalier.pipelines.metrics.resampling import mean_error, resampling_units

BLOCKS = 5
# With fewer rows not even a coverage of 0.8 has finite bounds.
FEWEST_ROWS = 10
# Largest number of bins of a scale, and the smallest number of rows of a bin.
BINS = 12
ROWS_A_BIN = 40
# Rows of the mean residual that each bin is mixed with; the smallest share of it that a scale has.
PRIOR_ROWS = 20.0
SMALLEST_SCALE = 0.05
# Scales are compared at this coverage, and the report shows it.
REPORTED_COVERAGE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalFit:
    """Fitted intervals, with their coverage and width on rows that they were not fitted to.

    Attributes
    ----------
    intervals : Intervals
        Fitted to all rows.
    coverage : float
        Share of left-out rows inside intervals of nominal coverage 0.9.
    mean_width : float
        Mean width of these intervals, in the target's unit.
    n_rows : int
        Number of residuals.
    """

    intervals: Intervals
    coverage: float
    mean_width: float
    n_rows: int


def fit_intervals(rows: OutOfFold, *, seed: int) -> IntervalFit | None:
    """Fit intervals to the residuals of these rows; None if there are too few.

    Rows of a single group are too few: they say nothing about other groups.

    The scale is constant, unless one that depends on the prediction or on the spread has a better
    interval score (Gneiting, Raftery 2007, "Strictly proper scoring rules, prediction, and
    estimation", at coverage 0.9) by more than a standard error on left-out rows. Each row's
    residual is divided by a scale that was fitted without the row's block.

    Parameters
    ----------
    rows : OutOfFold
        Out-of-fold predictions of a regression problem.
    seed : int
        The run's seed.
    """
    if len(rows) < FEWEST_ROWS or independent_units(rows) < 2:
        return None
    weight = row_weights(rows.sample_weight, len(rows))
    blocks = row_blocks(rows, BLOCKS, seed=seed + 4)
    kinds: tuple[ScaledBy, ...] = ("constant",)
    if len(rows) >= 4 * ROWS_A_BIN:
        kinds += ("prediction", "spread") if rows.spread.max() > 0 else ("prediction",)
    tested = [_test(kind, rows, blocks, weight) for kind in kinds]
    best = 0
    for position in range(1, len(tested)):
        falls = tested[best].losses - tested[position].losses
        gain = float(weight @ falls)
        if gain > mean_error(weight, falls, rows.groups):
            best = position
    chosen = tested[best]
    made = _intervals(rows, chosen.scales, weight, _scale(kinds[best], rows, weight))
    return IntervalFit(
        intervals=replace(made, effective=_effective(chosen.inside, weight, rows.groups)),
        coverage=float(weight @ chosen.inside),
        mean_width=float(weight @ chosen.widths),
        n_rows=len(rows),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tested:
    """Cross-validated results of a kind of scale, one value per row, shape (n,) each."""

    scales: Floats
    losses: Floats
    inside: NDArray[np.bool_]
    widths: Floats


def _effective(inside: NDArray[np.bool_], weight: Floats, groups: NDArray[Any] | None) -> float:
    """Return how many independent residuals tell as much about coverage as these."""
    rows = resampling_units(len(inside), None, weight).effective
    if groups is None:
        return rows
    units = resampling_units(len(inside), groups, weight).effective
    alone = mean_error(weight, inside.astype(np.float64))
    together = mean_error(weight, inside.astype(np.float64), groups)
    # Never fewer than the groups, nor more than the rows.
    return max(
        min(rows, units), min(rows, rows * (alone / together) ** 2 if together > 0 else units)
    )


def _test(kind: ScaledBy, rows: OutOfFold, blocks: NDArray[np.int64], weight: Floats) -> _Tested:
    scales = np.empty(len(rows))
    parts = [np.flatnonzero(blocks == block) for block in np.unique(blocks)]
    fitted = []
    for left_out in parts:
        others = np.setdiff1d(np.arange(len(rows)), left_out, assume_unique=True)
        scale = _scale(kind, rows.take(others), weight[others] / weight[others].sum())
        fitted.append(scale)
        scales[left_out] = scale.of(rows.predictions[left_out], rows.spread[left_out])
    lower, upper = np.empty(len(rows)), np.empty(len(rows))
    for left_out, scale in zip(parts, fitted, strict=True):
        others = np.setdiff1d(np.arange(len(rows)), left_out, assume_unique=True)
        made = _intervals(rows.take(others), scales[others], weight[others], scale)
        bounds = made.bounds(rows.predictions[left_out], rows.spread[left_out], REPORTED_COVERAGE)
        lower[left_out], upper[left_out] = bounds
    y, alpha = rows.y, 1.0 - REPORTED_COVERAGE
    widths = upper - lower
    outside = np.maximum(lower - y, 0.0) + np.maximum(y - upper, 0.0)
    losses = widths + 2.0 / alpha * outside
    inside = (lower <= y) & (y <= upper)
    return _Tested(
        # With few rows, bounds are infinite for every scale.
        scales=scales,
        losses=np.where(np.isfinite(losses), losses, 0.0),
        inside=inside,
        widths=widths,
    )


def _intervals(rows: OutOfFold, scales: Floats, weight: Floats, scale: ResidualScale) -> Intervals:
    residuals = (rows.y - rows.predictions) / scales
    order = np.argsort(residuals, kind="stable")
    equal = rows.sample_weight is None
    masses = None if equal else weight[order] * (len(rows) / weight.sum())
    return Intervals(residuals[order], masses, scale)


def _scale(kind: ScaledBy, rows: OutOfFold, weight: Floats) -> ResidualScale:
    """Fit the scale: the mean absolute residual in bins of rows; weights sum to 1."""
    sizes = np.abs(rows.y - rows.predictions)
    mean = float(weight @ sizes)
    mean = mean if mean > 0 else 1.0
    if kind == "constant":
        return ResidualScale(kind, np.zeros(1), np.array([mean]))
    known = rows.predictions if kind == "prediction" else rows.spread
    order = np.argsort(known, kind="stable")
    n_bins = int(np.clip(len(rows) // ROWS_A_BIN, 1, BINS))
    at, value = [], []
    for part in np.array_split(order, n_bins):
        mass = float(weight[part].sum())
        if not mass > 0:
            continue
        at.append(float(weight[part] @ known[part]) / mass)
        share = len(part) / (len(part) + PRIOR_ROWS)
        own = float(weight[part] @ sizes[part]) / mass
        value.append(max(share * own + (1.0 - share) * mean, SMALLEST_SCALE * mean))
    return ResidualScale(kind, np.asarray(at), np.asarray(value))

"""Prediction intervals on hold-out rows: how many values they hold, overall and by size."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = (0.5, 0.8, 0.9, 0.95)
PARTS = 3
FEWEST_IN_A_PART = 30

Floats = NDArray[np.float64]
Bounds = Callable[[float], tuple[Floats, Floats, Floats]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The share of values within prediction intervals.

    Attributes
    ----------
    asked, covered : float
        Nominal coverage, and the share of rows inside.
    width : float
        Mean width in the target's unit; infinite where the training had too few rows for the level.
    by_size : tuple of (lowest, highest, share)
        Share inside for the smallest to the largest predictions, with the range of predictions;
        empty with too few rows.
    """

    asked: float
    covered: float
    width: float
    by_size: tuple[tuple[float, float, float], ...] = ()


def coverages(truth: Floats, bounds: Bounds) -> tuple[Coverage, ...]:
    """Measure the coverage of intervals at `LEVELS`.

    Parameters
    ----------
    truth : array, shape (n_rows,)
        True values.
    bounds : callable (coverage) -> (prediction, lower, upper)
        Predictions and bounds of the same rows, shape (n_rows,) each.
    """
    found = []
    for level in LEVELS:
        prediction, lower, upper = bounds(level)
        inside = (lower <= truth) & (truth <= upper)
        parts = []
        if len(truth) >= PARTS * FEWEST_IN_A_PART:
            for rows in np.array_split(np.argsort(prediction, kind="stable"), PARTS):
                some = prediction[rows]
                parts.append((float(some.min()), float(some.max()), float(inside[rows].mean())))
        found.append(
            Coverage(
                asked=level,
                covered=float(inside.mean()),
                width=float(np.mean(upper - lower)),
                by_size=tuple(parts),
            )
        )
    return tuple(found)

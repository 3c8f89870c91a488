"""The scale of a numeric target, for families that learn a standardised one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def mean_and_spread(y: NDArray[Any], weight: NDArray[Any] | None) -> tuple[float, float]:
    """Return the mean and the standard deviation of values; 1 for a deviation of 0."""
    if weight is None:
        return float(np.mean(y)), float(np.std(y)) or 1.0
    mean = float(np.average(y, weights=weight))
    return mean, float(np.sqrt(np.average((y - mean) ** 2, weights=weight))) or 1.0

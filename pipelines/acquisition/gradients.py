"""Acquisition values with their slopes in the predicted mean and deviation.

Symbols as in `functions`: z = (mean - best) / std; h(z) = phi(z) + z Phi(z), so that the expected
improvement is std h(z). Its derivatives are Phi(z) in the mean and phi(z) in the deviation, and
those of its logarithm are both divided by std h(z).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from espalier.pipelines.acquisition.functions import log_h

Array = NDArray[np.float64]

_LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)


def log_improvement_slopes(mean: Array, std: Array, best: float) -> tuple[Array, Array, Array]:
    """Return log expected improvement and its slopes in mean and std, each of shape (n,).

    Ratios are taken between logarithms, so that they stay right where the improvement underflows.
    """
    z = (mean - best) / std
    level = log_h(z)
    by_mean = np.exp(log_ndtr(z) - level) / std
    by_std = np.exp(-0.5 * z**2 - _LOG_SQRT_2PI - level) / std
    return level + np.log(std), by_mean, by_std


def log_below_slopes(mean: Array, std: Array, limit: float) -> tuple[Array, Array, Array]:
    """Return the log probability to stay below ``limit``, and its slopes in mean and std."""
    z = (limit - mean) / std
    level = log_ndtr(z)
    by_z = np.exp(-0.5 * z**2 - _LOG_SQRT_2PI - level)
    return level, -by_z / std, -by_z * z / std

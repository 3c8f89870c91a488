"""Acquisition functions: arrays in, arrays out; larger is better, for gains to be maximised.

Symbols: mean and std of the predicted gain, shape (n,); best, the best gain so far;
z = (mean - best) / std; phi and Phi, density and distribution of the standard normal.

The log expected improvement follows Ament et al., "Unexpected improvements to expected improvement
for Bayesian optimization" (NeurIPS 2023, arXiv:2310.20708): where improvement is unlikely, EI
underflows to 0 and its logarithm, computed naively, to -inf, so that the candidates cannot be told
apart.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, ndtr

Array = NDArray[Any]

_LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)
_SQRT_HALF_PI = np.sqrt(np.pi / 2)
# Above it phi(z) + z Phi(z) loses no digits to cancellation; below _FAR the two terms agree to
# more digits than a double has and the asymptotic series takes over.
_NEAR = -1.0
_FAR = -1e3


def log_h(z: Array) -> Array:
    """Return log(phi(z) + z Phi(z)), accurate for every z, shape (n,)."""
    z = np.asarray(z, dtype=np.float64)
    near = np.maximum(z, _NEAR)
    middle = np.clip(z, _FAR, _NEAR)
    far = np.minimum(z, _FAR)
    return np.where(
        z > _NEAR,
        np.log(_density(near) + near * ndtr(near)),
        np.where(z >= _FAR, _log_h_middle(middle), _log_h_far(far)),
    )


def _density(z: Array) -> Array:
    return np.exp(-0.5 * z**2 - _LOG_SQRT_2PI)


def _log_h_middle(z: Array) -> Array:
    """Return log h where phi can be taken out: h = phi (1 - |z| Phi / phi)."""
    # Phi(z) / phi(z) = sqrt(pi / 2) erfcx(-z / sqrt 2), scaled so that nothing underflows.
    ratio = _SQRT_HALF_PI * erfcx(-z / np.sqrt(2)) * np.abs(z)
    return -0.5 * z**2 - _LOG_SQRT_2PI + _log1mexp(np.log(ratio))


def _log_h_far(z: Array) -> Array:
    """Return log h from the first terms of its series: h = phi / z^2 (1 - 3 / z^2 + ...)."""
    return -0.5 * z**2 - _LOG_SQRT_2PI - 2 * np.log(np.abs(z)) + np.log1p(-3 / z**2)


def _log1mexp(x: Array) -> Array:
    """Return log(1 - exp(x)) for x < 0 (Maechler, 2012)."""
    return np.where(x > -np.log(2), np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


def log_expected_improvement(mean: Array, std: Array, best: float) -> Array:
    """Return the logarithm of the expected improvement over ``best``, shape (n,)."""
    return log_h((mean - best) / std) + np.log(std)


def expected_improvement(mean: Array, std: Array, best: float) -> Array:
    """Return the expected improvement over ``best``, shape (n,); 0 where it underflows."""
    return np.exp(log_expected_improvement(mean, std, best))

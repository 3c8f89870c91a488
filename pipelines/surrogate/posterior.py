"""What is left of a Gaussian process once it is fitted, whatever its kernel: its posterior.

Symbols: n trials; m new points; k, the kernel of points and trials, shape (m, n), and K the one of
the trials with noise, both in units of the amplitude.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, solve_triangular

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Posterior:
    """The fitted quantities that a prediction needs.

    Attributes
    ----------
    points : array, shape (n, p)
        The trials, as the kernel sees them.
    lower : array, shape (n, n)
        Cholesky factor of K.
    alpha : array, shape (n,)
        Solves K alpha = y - mean.
    mean : float
        The constant mean.
    amplitude : float
        Variance that K and the kernel are in units of.
    """

    points: Array
    lower: Array
    alpha: Array
    mean: float
    amplitude: float

    def predict(self, kernel: Array, own: Array | float, *, least: float) -> tuple[Array, Array]:
        """Return mean and standard deviation without noise, each of shape (m,).

        Parameters
        ----------
        kernel : array, shape (m, n)
            Kernel of the new points and the trials.
        own : array, shape (m,), or float
            Kernel of each new point with itself.
        least : float
            Least variance, in units of the amplitude.
        """
        half = solve_triangular(self.lower, kernel.T, lower=True, check_finite=False)
        variance = np.maximum(own - (half**2).sum(axis=0), least)
        return self.mean + kernel @ self.alpha, np.sqrt(self.amplitude * variance)

    def predict_with_slopes(
        self, kernel: Array, own: Array | float, *, least: float
    ) -> tuple[Array, Array, Array]:
        """Return mean and deviation, as `predict` does, and ``beta``, which solves K beta = k.

        ``alpha`` is the derivative of the mean by the kernel, and ``-2 beta`` that of the variance
        in units of the amplitude; shape (m, n).
        """
        beta = cho_solve((self.lower, True), kernel.T, check_finite=False).T
        variance = np.maximum(own - (kernel * beta).sum(axis=1), least)
        return self.mean + kernel @ self.alpha, np.sqrt(self.amplitude * variance), beta

    def slope_of_deviation(self, slope_of_variance: Array, deviation: Array) -> Array:
        """Return the gradient of the deviation, shape (m, d), by that of the variance."""
        return slope_of_variance * (0.5 * self.amplitude / deviation)[:, None]

    def believing(self, fresh: Array, kernel: Array, corner: Array) -> "Posterior":
        """Return the posterior given its own mean at new points too.

        The kriging believer (Ginsbourger, Le Riche and Carraro 2010): such data leave the mean
        unchanged and only reduce the uncertainty.

        Parameters
        ----------
        fresh : array, shape (m, p)
            The new points.
        kernel : array, shape (m, n)
            Kernel of the new points and the trials.
        corner : array, shape (m, m)
            Kernel of the new points with noise.
        """
        n, m = len(self.points), len(fresh)
        lower = np.zeros((n + m, n + m))
        lower[:n, :n] = self.lower
        half = solve_triangular(self.lower, kernel.T, lower=True, check_finite=False)
        lower[n:, :n] = half.T
        lower[n:, n:] = np.linalg.cholesky(corner - half.T @ half)
        return replace(
            self,
            points=np.vstack([self.points, fresh]),
            lower=lower,
            alpha=np.concatenate([self.alpha, np.zeros(m)]),
        )

"""A Gaussian process on encoded configurations, with gradients in its input.

Matern 5/2 with one length scale a hyperparameter. Their prior grows with the root of the number of
hyperparameters (Hvarfner, Hellsten and Nardi, *Vanilla Bayesian optimization performs great in
high dimensions*, 2024); hyperparameters active in few trials share one. Length scales, noise and
amplitude maximise the posterior (analytic gradient, L-BFGS-B), the constant mean is profiled out.

Symbols: n trials; d coordinates; K = a (k + diag(noise * spread)), a the amplitude; alpha solves
K alpha = y - mean.
"""

import math
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve
from scipy.linalg.lapack import dpotrf, dpotri
from scipy.optimize import minimize

from espalier.pipelines.surrogate.kernel import Embedding, matern, squared_distances
from espalier.pipelines.surrogate.posterior import Posterior

Array = NDArray[np.float64]

_LENGTH_SPREAD = math.sqrt(3.0)
_SHARED_BELOW = 5  # trials in which a hyperparameter must differ to earn its own length scale
_NOISE_SPREAD = 1.0
_AMPLITUDE_SPREAD = 0.7
_NOISE_FLOOR = 1e-4
_BOUND = 6.0
_LEAST_VARIANCE = 1e-10


class GaussianProcess:
    """A Gaussian process regressor for configurations.

    Parameters
    ----------
    embedding : Embedding
        The geometry of the space.
    dimension : float
        Hyperparameters of a typical configuration; the length-scale prior grows with its root.
    max_iterations : int
        Most steps of the fit.
    """

    def __init__(
        self, embedding: Embedding, *, dimension: float = 12.0, max_iterations: int = 20
    ) -> None:
        self._embedding = embedding
        self._dimension = dimension
        self._max_iterations = max_iterations

    def fit(self, X: Array, y: Array, *, noise: float = 0.05, spread: Array | None = None) -> Self:
        """Fit to trials.

        Parameters
        ----------
        X : array, shape (n, d)
            Encoded configurations.
        y : array, shape (n,)
            Targets of about unit variance, the larger the better.
        noise : float
            Prior guess of the noise variance, in units of the target's variance.
        spread : array or None, shape (n,)
            Noise of each trial relative to the others; None for all alike.
        """
        y = np.asarray(y, dtype=np.float64)
        embedded = self._embedding(X)
        distances, own = _own_and_shared(self._embedding.group_distances(embedded), len(y))
        objective = _Objective(
            distances=distances,
            y=y,
            spread=np.ones(len(y)) if spread is None else np.asarray(spread, dtype=np.float64),
            length_centre=math.sqrt(2.0) + 0.5 * math.log(self._dimension) - _LENGTH_SPREAD**2,
            noise_centre=math.log(max(noise, _NOISE_FLOOR)),
        )
        theta = objective.start()
        if len(y) > 2:
            theta = minimize(
                objective.loss,
                theta,
                jac=True,
                method="L-BFGS-B",
                bounds=[(each - _BOUND, each + _BOUND) for each in theta],
                options={"maxiter": self._max_iterations, "maxfun": 2 * self._max_iterations},
            ).x
        lengths = np.full(len(self._embedding.names), math.exp(theta[-3]))
        lengths[own] = np.exp(theta[:-3])
        self.noise_ = math.exp(theta[-2]) + _NOISE_FLOOR
        amplitude = math.exp(theta[-1])
        self.length_scales_ = dict(zip(self._embedding.names, lengths, strict=True))
        self._scale = 1.0 / lengths[self._embedding.group]
        self._spread = objective.spread
        self._y = y
        points = embedded * self._scale
        lower, alpha, mean = _solve(points, y, self.noise_ * objective.spread)
        self._posterior = Posterior(points, lower, alpha, mean, amplitude)
        return self

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation of the noiseless target, each of shape (m,)."""
        state = self._posterior
        kernel, _ = matern(squared_distances(self._embedding(X) * self._scale, state.points))
        return state.predict(kernel, 1.0, least=_LEAST_VARIANCE)

    def predict_gradient(self, X: Array) -> tuple[Array, Array, Array, Array]:
        """Return mean and deviation, shape (m,), and their gradients in X, shape (m, d)."""
        state = self._posterior
        places = self._embedding(X) * self._scale
        kernel, slope = matern(squared_distances(places, state.points))
        mean, deviation, beta = state.predict_with_slopes(kernel, 1.0, least=_LEAST_VARIANCE)
        d_mean = self._back(X, places, slope * state.alpha)
        d_variance = self._back(X, places, -2.0 * slope * beta)
        return mean, deviation, d_mean, state.slope_of_deviation(d_variance, deviation)

    def believe(self, X: Array) -> "GaussianProcess":
        """Return the process given its own mean at ``X`` too (m, d); see `Posterior.believing`."""
        state = self._posterior
        fresh = self._embedding(X) * self._scale
        kernel, _ = matern(squared_distances(fresh, state.points))
        corner, _ = matern(squared_distances(fresh, fresh))
        corner[np.diag_indices(len(X))] += self.noise_ + 1e-8
        believing = GaussianProcess.__new__(GaussianProcess)
        believing.__dict__.update(self.__dict__)
        believing._posterior = state.believing(fresh, kernel, corner)
        return believing

    def leave_one_out(self, target: Array | None = None) -> Array:
        """Return the mean predicted for each trial from all the others, shape (n,).

        Parameters
        ----------
        target : array or None, shape (n,)
            Other targets at the same trials (the length scales stay); None for those fitted to.
        """
        y = self._y if target is None else target
        n = len(y)
        inverse = cho_solve((self._posterior.lower[:n, :n], True), np.eye(n), check_finite=False)
        ones = inverse.sum(axis=1)
        weights = inverse @ (y - (ones @ y) / ones.sum())
        # The mean is estimated without the trial too.
        return y - weights / (np.diag(inverse) - ones**2 / ones.sum())

    def _back(self, X: Array, places: Array, weights: Array) -> Array:
        """Return the gradient in X of sum_i weights_i * squared distance to trial i, (m, d)."""
        state = self._posterior
        moved = 2.0 * (weights.sum(axis=1)[:, None] * places - weights @ state.points)
        return self._embedding.pull_back(X, moved * self._scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Objective:
    """The negative log posterior of the hyperparameters, with its gradient.

    theta holds the free log length scales (family first, the shared one last), the log noise and
    the log amplitude.
    """

    distances: Array  # (one a free length scale, n(n-1)/2)
    y: Array
    spread: Array
    length_centre: float
    noise_centre: float
    above: tuple[NDArray[np.intp], ...] = field(init=False)  # places of the pairs in a matrix

    def __post_init__(self) -> None:
        object.__setattr__(self, "above", np.triu_indices(len(self.y), 1))

    def start(self) -> Array:
        """Return the mode of the prior, where the fit starts."""
        return self._prior()[0]

    def loss(self, theta: Array) -> tuple[float, Array]:
        """Return the negative log posterior and its gradient in theta."""
        n = len(self.y)
        weight = np.exp(-2.0 * theta[:-2])
        noise = math.exp(theta[-2]) + _NOISE_FLOOR
        amplitude = math.exp(theta[-1])
        above = self.above
        values, slopes = matern(weight @ self.distances)
        covariance = np.zeros((n, n), order="F")  # LAPACK's order, and only the lower half is read
        covariance.T[above] = values
        covariance[np.diag_indices(n)] = 1.0 + noise * self.spread
        factor, problem = dpotrf(covariance, lower=1, clean=1)
        if problem:
            return 1e10, np.zeros_like(theta)
        inverse, _ = dpotri(factor, lower=1)
        inverse = np.tril(inverse) + np.tril(inverse, -1).T
        ones = inverse.sum(axis=1)
        centred = self.y - (ones @ self.y) / ones.sum()
        alpha = inverse @ centred
        fit = float(centred @ alpha)
        loss = 0.5 * fit / amplitude + np.log(np.diag(factor)).sum() + 0.5 * n * theta[-1]
        # The derivative by an entry of the covariance; the pairs above the diagonal count twice.
        by_entry = inverse - np.outer(alpha, alpha) / amplitude
        by_group = self.distances @ (by_entry[above] * slopes)
        gradient = np.empty_like(theta)
        gradient[:-2] = -2.0 * weight * by_group
        gradient[-2] = 0.5 * (np.diag(by_entry) @ self.spread) * (noise - _NOISE_FLOOR)
        gradient[-1] = 0.5 * n - 0.5 * fit / amplitude
        centre, spread = self._prior()
        loss += float((((theta - centre) / spread) ** 2).sum() / 2)
        return loss, gradient + (theta - centre) / spread**2

    def _prior(self) -> tuple[Array, Array]:
        """Return centre and spread of the normal prior of theta.

        That of a log length scale is the log-normal prior of the length scale around its mode.
        """
        n_lengths = len(self.distances)
        centre = np.concatenate([np.full(n_lengths, self.length_centre), [self.noise_centre, 0.0]])
        spread = np.concatenate(
            [np.full(n_lengths, _LENGTH_SPREAD), [_NOISE_SPREAD, _AMPLITUDE_SPREAD]]
        )
        # Families differ; how much is not a matter of dimension.
        centre[0], spread[0] = 0.0, 1.0
        return centre, spread


def _own_and_shared(distances: Array, n: int) -> tuple[Array, NDArray[np.intp]]:
    """Return distances by free length scale, and which hyperparameters have one of their own.

    The rest share one, whose distances are summed in the last row.
    """
    # A hyperparameter that sets s of n trials apart differs in s (n - s) pairs at least.
    told = (distances > 1e-12).sum(axis=1)
    wanted = told >= max(1, _SHARED_BELOW * (n - _SHARED_BELOW))
    wanted[0] = True
    own = np.flatnonzero(wanted)
    return np.vstack([distances[own], distances[~wanted].sum(axis=0)]), own


def _solve(points: Array, y: Array, noise: Array) -> tuple[Array, Array, float]:
    """Return the Cholesky factor, alpha and the generalised least-squares mean."""
    covariance, _ = matern(squared_distances(points, points))
    covariance[np.diag_indices(len(y))] = 1.0 + noise
    lower = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    ones = cho_solve((lower, True), np.ones(len(y)), check_finite=False)
    mean = float(ones @ y / ones.sum())
    alpha: Array = cho_solve((lower, True), y - mean, check_finite=False)
    return lower, alpha, mean

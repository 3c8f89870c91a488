"""A Gaussian process for spaces of choices alone, such as those of network architectures.

Two configurations are alike by how many of their choices they share, and by how many pairs and
triples of choices: an additive kernel (Duvenaud, Nickisch and Rasmussen, *Additive Gaussian
processes*, 2011) whose base kernels say whether a choice is the same. It is the ridge regression
on choices, their pairs and their triples, but as cheap for a hundred positions as for six. How much
of the variance each order has, and the noise, are the ones of a small grid that make the trials
likeliest. A kernel of this kind is linear in every single choice, so its gradient in a relaxed
choice says exactly what changing that choice alone brings.

Symbols: n trials; m points; d coordinates of the encoding; q, the number of shared choices.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.posterior import Posterior

Array = NDArray[np.float64]

# Shares of the variance of single choices, pairs and triples.
_SHARES = np.array(
    [
        [0.70, 0.25, 0.05],
        [0.50, 0.40, 0.10],
        [0.30, 0.50, 0.20],
        [0.20, 0.40, 0.40],
        [0.1, 0.4, 0.5],
    ]
)
_NOISES = np.array([0.05, 0.15, 0.4])
_JITTER = 1e-8


def is_all_choices(space: SearchSpace) -> bool:
    """Whether every hyperparameter of every family is a choice, and there are at least two."""
    parameters = [
        each for family in space.families for each in space.family_space(family).parameters
    ]
    return len(parameters) >= 2 and all(each.choices for each in parameters)


class AdditiveProcess:
    """A Gaussian process of shared choices, pairs and triples of choices.

    Parameters
    ----------
    space : SearchSpace
        A space of choices alone (`is_all_choices`).

    Attributes
    ----------
    shares_ : array, shape (3,)
        Share of the variance that single choices, pairs and triples have.
    noise_ : float
        Noise variance, in units of the amplitude.
    """

    def __init__(self, space: SearchSpace) -> None:
        places: dict[str, int] = {}
        group = [
            places.setdefault(each.split("=", 1)[0], len(places)) for each in space.coordinates
        ]
        self._group = np.array(group)
        self._n_groups = len(places)
        # The family is one of the choices where there are several; one alone says nothing.
        self._used = (
            np.ones(len(group)) if len(space.families) > 1 else (self._group > 0).astype(float)
        )
        largest = max(len(space.family_space(name).parameters) for name in space.families)
        self._most = float(largest + (len(space.families) > 1))

    def fit(self, X: Array, y: Array) -> Self:
        """Learn from encoded configurations, shape (n, d), and their gains, shape (n,)."""
        y = np.asarray(y, dtype=np.float64)
        points = self._points(X)
        orders = self._orders(points @ points.T)
        n, best = len(y), -np.inf
        for shares in _SHARES:
            kernel = np.tensordot(shares, orders, axes=1)
            levels, turned = np.linalg.eigh(kernel)
            ones, along = turned.sum(axis=0), turned.T @ y
            for noise in _NOISES:
                spread = np.maximum(levels, 0.0) + noise
                mean = float((ones * along / spread).sum() / (ones**2 / spread).sum())
                rest = along - mean * ones
                amplitude = max(float((rest**2 / spread).mean()), 1e-12)
                likelihood = -0.5 * (n * np.log(amplitude) + np.log(spread).sum())
                if likelihood > best:
                    best, chosen = likelihood, (shares, float(noise), mean, amplitude)
        self.shares_, self.noise_, mean, amplitude = chosen
        covariance = np.tensordot(self.shares_, orders, axes=1)
        covariance[np.diag_indices(n)] += self.noise_ + _JITTER
        lower = cho_factor(covariance, lower=True, check_finite=False)[0]
        alpha = cho_solve((lower, True), y - mean, check_finite=False)
        self._posterior = Posterior(points, np.tril(lower), alpha, mean, amplitude)
        return self

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation of the noiseless gain, each of shape (m,)."""
        state, points = self._posterior, self._points(X)
        kernel = self._kernel(points @ state.points.T)
        own = self._kernel((points**2).sum(axis=1))
        return state.predict(kernel, own, least=_JITTER)

    def predict_gradient(self, X: Array) -> tuple[Array, Array, Array, Array]:
        """Return mean and deviation, shape (m,), and their gradients in X, shape (m, d).

        Of the mean, the difference of the gradient between two options of a choice is the exact
        change of the mean when this one choice is changed from the one to the other.
        """
        state, points = self._posterior, self._points(X)
        shared = points @ state.points.T
        own = self._kernel((points**2).sum(axis=1))
        kernel = self._kernel(shared)
        mean, deviation, beta = state.predict_with_slopes(kernel, own, least=_JITTER)
        d_mean = self._back(points, shared, np.broadcast_to(state.alpha, kernel.shape))
        d_variance = self._back(points, shared, -2.0 * beta)
        return mean, deviation, d_mean, state.slope_of_deviation(d_variance, deviation)

    def believe(self, X: Array) -> "AdditiveProcess":
        """Return the process given its own mean at ``X`` too (m, d); see `Posterior.believing`."""
        state, fresh = self._posterior, self._points(X)
        kernel = self._kernel(fresh @ state.points.T)
        corner = self._kernel(fresh @ fresh.T)
        corner[np.diag_indices(len(fresh))] += self.noise_ + _JITTER
        believing = AdditiveProcess.__new__(AdditiveProcess)
        believing.__dict__.update(self.__dict__)
        believing._posterior = state.believing(fresh, kernel, corner)
        return believing

    def _points(self, X: Array) -> Array:
        return np.maximum(X, 0.0) * self._used

    def _orders(self, shared: Array) -> Array:
        """Return the share of common choices, pairs and triples, shape (3, ...)."""
        most = self._most
        pairs = shared * (shared - 1.0) / max(most * (most - 1.0), 1.0)
        triples = pairs * (shared - 2.0) / max(most - 2.0, 1.0)
        return np.stack([shared / most, pairs, triples])

    def _kernel(self, shared: Array) -> Array:
        return np.asarray(np.tensordot(self.shares_, self._orders(shared), axes=1))

    def _back(self, points: Array, shared: Array, weights: Array) -> Array:
        """Return the gradient in X of sum_i weights_i * kernel to trial i, shape (m, d).

        The pairs that a choice is part of are those with the other shared choices, of which there
        are ``q`` less the choice itself.
        """
        trials = self._posterior.points
        most = self._most
        gradient = np.empty_like(points)
        one = self.shares_[0] / most
        two = self.shares_[1] * 2.0 / max(most * (most - 1.0), 1.0)
        three = self.shares_[2] * 3.0 / max(most * (most - 1.0) * max(most - 2.0, 1.0), 1.0)
        for place in range(self._n_groups):
            own = self._group == place
            others = shared - points[:, own] @ trials[:, own].T
            slope = weights * (one + two * others + three * others * (others - 1.0))
            gradient[:, own] = (slope @ trials[:, own]) * self._used[own]
        return gradient

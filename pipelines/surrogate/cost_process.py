"""Log seconds of a trial as a Gaussian process: a cost model with gradients for ascent."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess
from espalier.pipelines.surrogate.kernel import Embedding
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialStatus

Array = NDArray[np.float64]

_ITERATIONS = 5
_SHORTEST_SECONDS = 1e-3
_SMALLEST_SCALE = 0.5
# A trial that was stopped would have taken longer than it had.
_STOPPED_FACTOR = 1.5


class CostProcess:
    """Predicts log seconds of a whole trial, with gradients.

    The mean of each family is its own estimate for its default configuration; the process learns
    the residuals, scaled to the trials so far.

    Parameters
    ----------
    family_means : array, shape (n_families,)
        Log seconds expected of each family's default.
    embedding : Embedding
        The geometry of the space.
    """

    def __init__(self, family_means: Array, embedding: Embedding) -> None:
        self._means = family_means
        self._process = GaussianProcess(embedding, max_iterations=_ITERATIONS)
        self._scale = 1.0
        self._is_fitted = False

    @classmethod
    def of(cls, space: SearchSpace, history: History, embedding: Embedding) -> Self:
        """Return the model fitted to these trials; without any, the families' own estimates."""
        used = [
            result
            for result in history.ordered
            if result.status in (TrialStatus.SUCCESS, TrialStatus.PRUNED, TrialStatus.TIMEOUT)
            and result.seconds > 0
            and result.trial.configuration.family in space.families
        ]
        means = np.log([space.expected_seconds(space.default(name)) for name in space.families])
        seconds = np.array(
            [
                max(result.full_seconds, _SHORTEST_SECONDS)
                * (_STOPPED_FACTOR if result.status is TrialStatus.TIMEOUT else 1.0)
                for result in used
            ]
        )
        if not used:
            return cls(means, embedding)
        encoded = space.encode([result.trial.configuration for result in used])
        return cls(means, embedding).fit(encoded, np.log(seconds))

    def fit(self, X: Array, log_seconds: Array) -> Self:
        """Learn from encoded configurations, shape (n, d), and their log seconds, shape (n,)."""
        residual = log_seconds - self._base(X)
        self._scale = max(float(residual.std()), _SMALLEST_SCALE)
        self._process.fit(X, residual / self._scale, noise=0.05)
        self._is_fitted = True
        return self

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation of log seconds, both of shape (n,)."""
        if not self._is_fitted:
            return self._base(X), np.ones(len(X))
        mean, std = self._process.predict(X)
        return self._base(X) + self._scale * mean, self._scale * std

    def predict_gradient(self, X: Array) -> tuple[Array, Array, Array, Array]:
        """Return mean and deviation, shape (n,), and their gradients in X, shape (n, d).

        The family is no direction to climb in, so its part of the gradient is left out.
        """
        if not self._is_fitted:
            return self._base(X), np.ones(len(X)), np.zeros_like(X), np.zeros_like(X)
        mean, std, d_mean, d_std = self._process.predict_gradient(X)
        scale = self._scale
        return self._base(X) + scale * mean, scale * std, scale * d_mean, scale * d_std

    def _base(self, X: Array) -> Array:
        return X[:, : len(self._means)] @ self._means

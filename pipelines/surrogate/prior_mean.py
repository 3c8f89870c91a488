"""A Gaussian process with experience as prior mean, weighed by how well it ranks the trials.

The process learns the residuals of ``w m(x)``, where m is experience's prediction. The weight w
follows the ranking loss of Feurer, Letham and Bakshy, *Scalable meta-learning for Bayesian
optimization using ranking-weighted Gaussian process ensembles* (2018): over bootstraps of the
trials, how often each weight orders them best, each trial predicted without itself. Experience that
misleads loses its weight.
"""

from collections.abc import Callable
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.seeds import generator
from espalier.pipelines.surrogate.gaussian_process import GaussianProcess

Array = NDArray[np.float64]

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
_BOOTSTRAPS = 64
_FEWEST = 6
"""Below this many trials experience has full weight: nothing speaks against it yet."""


class Experience(Protocol):
    """Predictions from earlier runs for this dataset: the prior mean."""

    def mean(self, X: Array) -> Array:
        """Return the expected normal score of encoded configurations (n, d), shape (n,)."""
        ...

    def mean_gradient(self, X: Array) -> tuple[Array, Array]:
        """Return the expected normal scores, shape (n,), and their gradient in X, shape (n, d)."""
        ...


class GuidedProcess:
    """A Gaussian process with a weighted prior mean from experience.

    Parameters
    ----------
    process : GaussianProcess
        Learns the residuals of the prior mean.
    experience : Experience
        The prior mean.
    seed : int
        Seed of the bootstraps.
    """

    def __init__(self, process: GaussianProcess, experience: Experience, *, seed: int) -> None:
        self._process = process
        self._experience = experience
        self._seed = seed

    def fit(self, X: Array, y: Array, *, noise: float = 0.05) -> Self:
        """Fit to trials, encoded (n, d) with normal scores (n,); sets ``weight_``."""
        expected = self._experience.mean(X)
        self.weight_ = 1.0
        if len(y) >= _FEWEST:
            self._process.fit(X, y, noise=noise)
            self.weight_ = ranking_weight(self._process.leave_one_out, y, expected, seed=self._seed)
        self._process.fit(X, y - self.weight_ * expected, noise=noise)
        return self

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation, both of shape (n,)."""
        mean, std = self._process.predict(X)
        return mean + self.weight_ * self._experience.mean(X), std

    def predict_gradient(self, X: Array) -> tuple[Array, Array, Array, Array]:
        """Return mean and deviation, shape (n,), and their gradients in X, shape (n, d)."""
        mean, std, d_mean, d_std = self._process.predict_gradient(X)
        expected, d_expected = self._experience.mean_gradient(X)
        return mean + self.weight_ * expected, std, d_mean + self.weight_ * d_expected, d_std

    def believe(self, X: Array) -> "GuidedProcess":
        """Return the process conditioned on its own mean at ``X``, shape (m, d)."""
        believing = GuidedProcess(self._process.believe(X), self._experience, seed=self._seed)
        believing.weight_ = self.weight_
        return believing


def ranking_weight(
    leave_one_out: Callable[[Array], Array], y: Array, expected: Array, *, seed: int
) -> float:
    """Return the weight of experience in [0, 1].

    Parameters
    ----------
    leave_one_out : callable (targets (n,)) -> array (n,)
        Predicts each trial's target from the others.
    y : array, shape (n,)
        Normal scores of the trials.
    expected : array, shape (n,)
        Normal scores that experience expects of them.
    seed : int
        Seed of the bootstraps.
    """
    above = y[:, None] > y[None, :]
    wrong = np.stack(
        [
            above & ~_greater(weight * expected + leave_one_out(y - weight * expected))
            for weight in WEIGHTS
        ]
    ).astype(np.float64)
    draws = generator(seed, "ranking").multinomial(
        len(y), np.full(len(y), 1.0 / len(y)), size=_BOOTSTRAPS
    )
    losses = np.einsum("bi,wij,bj->bw", draws, wrong, draws, optimize=True)
    return float(np.mean([WEIGHTS[place] for place in losses.argmin(axis=1)]))


def _greater(values: Array) -> NDArray[np.bool_]:
    return np.asarray(values[:, None] > values[None, :])

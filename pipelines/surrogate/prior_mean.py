"""A Gaussian process with experience as prior mean, weighed by how well it ranks the trials.

The process learns the residuals of ``w m(x)``, where m is experience's prediction. The weight w
follows the ranking loss of Feurer, Letham and Bakshy, *Scalable meta-learning for Bayesian
optimization using ranking-weighted Gaussian process ensembles* (2018): over bootstraps of the
trials, how often each weight orders them best, each trial predicted without itself. Experience that
misleads loses its weight.
"""

from collections.abc import Callable, Sequence
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
_HALF_OWN = 6.0
"""With this many trials a family's own weight counts as much as the common one."""


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
    n_families : int
        Number of families; their indicators are the first columns of the encoding. Each has a
        weight of its own, drawn towards the common one; 0 for the common one alone.
    """

    def __init__(
        self,
        process: GaussianProcess,
        experience: Experience,
        *,
        seed: int,
        n_families: int = 0,
    ) -> None:
        self._process = process
        self._experience = experience
        self._seed = seed
        self._n_families = n_families

    def fit(self, X: Array, y: Array, *, noise: float = 0.05) -> Self:
        """Fit to trials, encoded (n, d) with normal scores (n,).

        Sets ``weight_``, the common weight, and ``weights_``, shape (n_families,).
        """
        expected = self._experience.mean(X)
        self.weight_, self.weights_ = 1.0, np.ones(self._n_families)
        if len(y) >= _FEWEST:
            self._process.fit(X, y, noise=noise)
            leave_one_out = self._process.leave_one_out
            self.weight_ = ranking_weight(leave_one_out, y, expected, seed=self._seed)
            self.weights_ = family_weights(
                leave_one_out,
                y,
                expected,
                X[:, : self._n_families] > 0.5,
                common=self.weight_,
                seed=self._seed,
            )
        self._process.fit(X, y - self._trust(X) * expected, noise=noise)
        return self

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation, both of shape (n,)."""
        mean, std = self._process.predict(X)
        return mean + self._trust(X) * self._experience.mean(X), std

    def predict_gradient(self, X: Array) -> tuple[Array, Array, Array, Array]:
        """Return mean and deviation, shape (n,), and their gradients in X, shape (n, d)."""
        mean, std, d_mean, d_std = self._process.predict_gradient(X)
        expected, d_expected = self._experience.mean_gradient(X)
        trust = self._trust(X)
        d_trusted = trust[:, None] * d_expected
        if self._n_families:
            d_trusted[:, : self._n_families] += expected[:, None] * self.weights_
        return mean + trust * expected, std, d_mean + d_trusted, d_std

    def believe(self, X: Array) -> "GuidedProcess":
        """Return the process conditioned on its own mean at ``X``, shape (m, d)."""
        believing = GuidedProcess(
            self._process.believe(X),
            self._experience,
            seed=self._seed,
            n_families=self._n_families,
        )
        believing.weight_, believing.weights_ = self.weight_, self.weights_
        return believing

    def _trust(self, X: Array) -> Array:
        """Return the weight of experience at encoded configurations (n, d), shape (n,)."""
        if not self._n_families:
            return np.full(len(X), self.weight_)
        return np.asarray(X[:, : self._n_families] @ self.weights_)


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
    tries = [weight * expected for weight in WEIGHTS]
    return _best_weight(leave_one_out, y, tries, np.ones(len(y), dtype=bool), seed=seed)


def family_weights(
    leave_one_out: Callable[[Array], Array],
    y: Array,
    expected: Array,
    families: NDArray[np.bool_],
    *,
    common: float,
    seed: int,
) -> Array:
    """Return the weight of experience in each family, shape (n_families,).

    A family's own weight orders best the pairs of trials that it is in, the others having the
    common weight. With few trials of the family the common weight counts more.

    Parameters
    ----------
    leave_one_out, y, expected, seed
        As for `ranking_weight`.
    families : array, shape (n, n_families)
        Which family each trial is of.
    common : float
        Weight of experience over all families.
    """
    found = np.full(families.shape[1], common)
    for place, own in enumerate(families.T):
        n_own = int(own.sum())
        if n_own == 0:
            continue
        tries = [np.where(own, weight, common) * expected for weight in WEIGHTS]
        best = _best_weight(leave_one_out, y, tries, own, seed=seed)
        found[place] += (best - common) * n_own / (n_own + _HALF_OWN)
    return found


def _best_weight(
    leave_one_out: Callable[[Array], Array],
    y: Array,
    tries: Sequence[Array],
    own: NDArray[np.bool_],
    *,
    seed: int,
) -> float:
    """Return the mean, over bootstraps, of the weight that orders best the pairs with an own trial.

    ``tries`` are the prior means at the trials, one for each of `WEIGHTS`.
    """
    concerned = (own[:, None] | own[None, :]) & (y[:, None] > y[None, :])
    wrong = np.stack(
        [concerned & ~_greater(each + leave_one_out(y - each)) for each in tries]
    ).astype(np.float64)
    draws = generator(seed, "ranking").multinomial(
        len(y), np.full(len(y), 1.0 / len(y)), size=_BOOTSTRAPS
    )
    losses = np.einsum("bi,wij,bj->bw", draws, wrong, draws, optimize=True)
    return float(np.mean([WEIGHTS[place] for place in losses.argmin(axis=1)]))


def _greater(values: Array) -> NDArray[np.bool_]:
    return np.asarray(values[:, None] > values[None, :])

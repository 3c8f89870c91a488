"""How long a trial will take: each family's own estimate, corrected by the trials so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipelines.configuration import Configuration
from pipelines.history import History
from pipelines.space.joint import SearchSpace

# In units of squared log seconds: a machine, or a family on this table, is easily off by a factor
# of 3, a single hyperparameter's effect less.
_PRIOR_VARIANCE = {"all": 1.5, "family": 1.0, "coordinate": 0.1}
_NOISE_VARIANCE = 0.1
_SHORTEST_SECONDS = 1e-3


@dataclass(frozen=True, slots=True)
class CostModel:
    """Predicts log seconds of a whole trial.

    A Bayesian linear regression of the error of the families' own estimates, in log seconds, on
    an intercept, the family and the encoded configuration. Without trials it is the estimates.

    Attributes
    ----------
    space : SearchSpace
        Encodes configurations and knows the estimates.
    fits_per_trial : int
        Folds of a trial.
    weights : array, shape (1 + n_coordinates,)
        Posterior mean of the correction.
    """

    space: SearchSpace
    fits_per_trial: int
    weights: NDArray[np.float64]

    @classmethod
    def fit(cls, space: SearchSpace, history: History, fits_per_trial: int = 1) -> Self:
        """Return the model after these trials.

        Trials that raised are left out: they end early. One that was stopped counts with the
        seconds it had, which is what its like would cost.
        """
        used = [
            result
            for result in history.ordered
            if (result.succeeded or result.status == "timeout")
            and result.seconds > 0
            and result.trial.configuration.family in space.families
        ]
        prior = _prior_variances(space)
        model = cls(space, fits_per_trial, np.zeros(len(prior)))
        if not used:
            return model
        configurations = [result.trial.configuration for result in used]
        X = _design(space, configurations)
        seconds = np.array([max(result.seconds, _SHORTEST_SECONDS) for result in used])
        error = np.log(seconds) - model._estimates(configurations)
        # Few trials, many coordinates: solve in the space of the trials.
        covariance = (X * prior) @ X.T + _NOISE_VARIANCE * np.eye(len(used))
        return cls(space, fits_per_trial, prior * (X.T @ np.linalg.solve(covariance, error)))

    def log_seconds(self, configurations: Sequence[Configuration]) -> NDArray[np.float64]:
        """Return the expected log seconds of a trial of each, shape (n,)."""
        if not configurations:
            return np.zeros(0)
        X = _design(self.space, configurations)
        return self._estimates(configurations) + X @ self.weights

    def _estimates(self, configurations: Sequence[Configuration]) -> NDArray[np.float64]:
        """Return the log of what the families say themselves, shape (n,)."""
        seconds = [self.space.expected_seconds(each) for each in configurations]
        return np.log(np.maximum(seconds, _SHORTEST_SECONDS) * self.fits_per_trial)


def _design(space: SearchSpace, configurations: Sequence[Configuration]) -> NDArray[Any]:
    """Return an intercept and the coordinates; inactive ones say nothing, so they are 0."""
    encoded = space.encode(configurations)
    centred = np.where(encoded < 0, 0.0, encoded)
    return np.hstack([np.ones((len(encoded), 1)), centred])


def _prior_variances(space: SearchSpace) -> NDArray[np.float64]:
    n_families = len(space.families)
    n_others = len(space.coordinates) - n_families
    return np.array(
        [_PRIOR_VARIANCE["all"]]
        + [_PRIOR_VARIANCE["family"]] * n_families
        + [_PRIOR_VARIANCE["coordinate"]] * n_others
    )

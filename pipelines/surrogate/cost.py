"""Predict the seconds of a trial: each family's estimate, corrected by the trials so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.space.joint import SearchSpace
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.history import History
from espalier.pipelines.trials.trial import TrialResult, TrialStatus

# In units of squared log seconds: a machine, or a family on this table, is easily off by a factor
# of 3, a single hyperparameter's effect less.
_PRIOR_VARIANCE = {"all": 1.5, "family": 1.0, "coordinate": 0.1}
_NOISE_VARIANCE = 0.1
_SHORTEST_SECONDS = 1e-3
# A trial that used this share of its limit was cut short.
_CUT_SHARE = 0.7
# A trial that ended without a model would have needed at least this multiple of what it had, by
# the same share that `fits` requires.
_TOO_LITTLE = 1.5
# A model that can stop early is worth having with this share of its full time.
ANYTIME_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class CostModel:
    """Predicts log seconds of a whole trial.

    A Bayesian linear regression of the error of the families' own estimates, in log seconds, on
    an intercept, the family and the encoded configuration. Without trials there is no correction.

    Attributes
    ----------
    space : SearchSpace
        Encodes configurations and knows the estimates.
    n_folds : int
        Folds of a trial.
    weights : array, shape (1 + n_coordinates,)
        Posterior mean of the correction.
    """

    space: SearchSpace
    n_folds: int
    weights: NDArray[np.float64]

    @classmethod
    def fit(cls, space: SearchSpace, history: History, n_folds: int = 1) -> Self:
        """Return the model fitted to these trials, without failed ones, which end early."""
        used = [
            result
            for result in history.ordered
            if result.status in (TrialStatus.SUCCESS, TrialStatus.PRUNED, TrialStatus.TIMEOUT)
            and result.seconds > 0
            and result.trial.configuration.family in space.families
        ]
        prior = _prior_variances(space)
        model = cls(space, n_folds, np.zeros(len(prior)))
        if not used:
            return model
        configurations = [result.trial.configuration for result in used]
        X = _design(space, configurations)
        error = model._full_log_seconds(used) - model._estimates(configurations)
        # Few trials, many coordinates: solve in the space of the trials.
        covariance = (X * prior) @ X.T + _NOISE_VARIANCE * np.eye(len(used))
        return cls(space, n_folds, prior * (X.T @ np.linalg.solve(covariance, error)))

    def fits(self, configurations: Sequence[Configuration], seconds: float) -> NDArray[np.bool_]:
        """Return which configurations should give a model within ``seconds``, shape (n,).

        A model that can stop early needs only a part of its full time.
        """
        shares = self._shares([each.family for each in configurations])
        return np.asarray(self.log_seconds(configurations) + np.log(shares) <= np.log(seconds))

    def _shares(self, families: Sequence[str]) -> NDArray[np.float64]:
        anytime = {each.name for each in self.space.learners if each.anytime}
        return np.array([ANYTIME_SHARE if family in anytime else 1.0 for family in families])

    def _full_log_seconds(self, results: Sequence[TrialResult]) -> NDArray[np.float64]:
        """Return the log seconds that the trials would have taken if not stopped, shape (n,).

        The seconds of a trial that was cut short are only a lower bound, so a larger estimate
        replaces them. A trial that was stopped before it had a model needs more than it was given.
        """
        configurations = [result.trial.configuration for result in results]
        seconds = np.array([max(result.full_seconds, _SHORTEST_SECONDS) for result in results])
        limits = np.array([result.trial.seconds_limit or np.inf for result in results])
        stopped = np.array([result.status is TrialStatus.TIMEOUT for result in results])
        shares = self._shares([each.family for each in configurations])
        seconds = np.where(stopped, _TOO_LITTLE * seconds / shares, seconds)
        cut = stopped | ((shares < 1) & (seconds > _CUT_SHARE * limits))
        return np.where(
            cut, np.maximum(np.log(seconds), self._estimates(configurations)), np.log(seconds)
        )

    def log_seconds(self, configurations: Sequence[Configuration]) -> NDArray[np.float64]:
        """Return the expected log seconds of a trial of each configuration, shape (n,)."""
        if not configurations:
            return np.zeros(0)
        X = _design(self.space, configurations)
        return self._estimates(configurations) + X @ self.weights

    def _estimates(self, configurations: Sequence[Configuration]) -> NDArray[np.float64]:
        """Return the log of the families' own estimates in seconds, shape (n,)."""
        seconds = [self.space.expected_seconds(each) for each in configurations]
        return np.log(np.maximum(seconds, _SHORTEST_SECONDS) * self.n_folds)


def _design(space: SearchSpace, configurations: Sequence[Configuration]) -> NDArray[Any]:
    """Return the design matrix: an intercept and the coordinates, 0 where inactive."""
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

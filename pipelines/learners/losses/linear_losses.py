"""Linear models of quantiles, and of positive means, by scikit-learn's solvers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone

from espalier.pipelines.seeds import drawn_rows

_STEPS = 50
# Rows that the steps see, which determine a quantile as well as more would.
_MOST_ROWS = 50_000
# Errors below this share of the target's standard deviation count as that large, so that no row
# gets all the weight.
_SMALLEST_ERROR = 0.005
# Predictions that move by less than this share of a standard deviation have settled.
_SETTLED = 5e-4


class ReweightedQuantile(BaseEstimator):
    """A linear model of a quantile, as a series of weighted least squares.

    Each step minimises a parabola that lies above the pinball loss and touches it at the last
    predictions (Hunter and Lange 2000, "Quantile regression via an MM algorithm").

    Parameters
    ----------
    model : estimator
        Least squares with a penalty; takes ``fit(X, y, sample_weight=...)``.
    level : float
        The quantile, in (0, 1).
    """

    def __init__(self, model: Any, level: float = 0.5) -> None:
        self.model = model
        self.level = level

    def fit(
        self, X: Any, y: NDArray[Any], sample_weight: NDArray[Any] | None = None
    ) -> "ReweightedQuantile":
        """Fit to ``X`` of shape (n_rows, n_columns) and standardised values."""
        if len(y) > _MOST_ROWS:
            rows = drawn_rows(len(y), _MOST_ROWS, seed=0)
            X, y = X[rows], y[rows]
            sample_weight = None if sample_weight is None else sample_weight[rows]
        given = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        self.model_ = clone(self.model)
        self.model_.fit(X, y, sample_weight=sample_weight)
        found = np.ravel(self.model_.predict(X))
        for _ in range(_STEPS):
            slope = 1.0 / (_SMALLEST_ERROR + np.abs(y - found))
            weight = given * slope
            weight *= given.sum() / max(float(weight.sum()), 1e-300)
            # The parabola's least point is not where the target is, but where the quantile pulls.
            target = y + (2 * self.level - 1) / slope
            self.model_.fit(X, target, sample_weight=weight)
            before, found = found, np.ravel(self.model_.predict(X))
            if float(np.sqrt(np.mean((found - before) ** 2))) < _SETTLED:
                break
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values, shape (n_rows,)."""
        return self.model_.predict(X)


class LogLinear(BaseEstimator):
    """A generalised linear model whose logarithm of the mean is linear (McCullagh, Nelder 1989).

    Parameters
    ----------
    strength : float
        Penalty on the squared weights, per row.
    power : float
        Of the mean that the variance grows with: 1 for Poisson, 2 for gamma.
    """

    def __init__(self, strength: float = 1e-3, power: float = 1.0) -> None:
        self.strength = strength
        self.power = power

    def fit(
        self, X: Any, y: NDArray[Any], sample_weight: NDArray[Any] | None = None
    ) -> "LogLinear":
        """Fit to ``X`` of shape (n_rows, n_columns) and a target of mean about 1."""
        from sklearn.linear_model import TweedieRegressor

        if not hasattr(self, "model_"):
            self.model_ = TweedieRegressor(
                power=self.power, link="log", max_iter=150, tol=1e-4, warm_start=True
            )
        self.model_.set_params(alpha=self.strength)
        self.model_.fit(X, y, sample_weight=sample_weight)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return positive values, shape (n_rows,)."""
        with np.errstate(over="ignore"):
            return self.model_.predict(X)

"""Penalised linear models: logistic regression, ridge and elastic net."""

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from pipelines.configuration import Value
from pipelines.data.dataset import DatasetShape
from pipelines.learners.base import BuildContext, Learner, LearnerLimits, PreprocessingTraits
from pipelines.learners.costs import matrix_columns
from pipelines.problem import ProblemKind

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


class BoundedRegressor(BaseEstimator):
    """Fit a regressor to the standardised target and keep its answers in the range seen.

    A linear model may answer anything far from its training rows; a target never does.

    Parameters
    ----------
    regressor : estimator
        Takes ``fit(X, y, sample_weight)``.
    margin : float
        How far beyond the range seen an answer may go, as a share of that range.
    """

    def __init__(self, regressor: Any, margin: float = 0.2) -> None:
        self.regressor = regressor
        self.margin = margin

    def fit(
        self, X: Any, y: NDArray[Any], sample_weight: NDArray[Any] | None = None
    ) -> "BoundedRegressor":
        """Fit to ``y`` of shape (n_rows,)."""
        self.center_ = float(np.average(y, weights=sample_weight))
        self.scale_ = float(np.std(y)) or 1.0
        width = float(y.max() - y.min()) * self.margin
        self.low_, self.high_ = float(y.min()) - width, float(y.max()) + width
        target = (y - self.center_) / self.scale_
        if sample_weight is None:
            self.regressor.fit(X, target)
        else:
            self.regressor.fit(X, target, sample_weight=sample_weight)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values, shape (n_rows,)."""
        answers = np.ravel(self.regressor.predict(X)) * self.scale_ + self.center_
        return np.clip(answers, self.low_, self.high_)


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float

    penalty = Categorical("penalty", ["l2", "elasticnet"], default="l2")
    ratio = Float("l1_ratio", (0.05, 1.0), default=0.5)
    # Relative to what standardised columns need; many columns for the rows need more.
    strength = Float("strength", (1e-5, 1.0), log=True, default=_default_strength(shape))
    made = ConfigurationSpace()
    made.add([penalty, ratio, strength, EqualsCondition(ratio, penalty, "elasticnet")])
    return made


def _default_strength(shape: DatasetShape) -> float:
    crowded = matrix_columns(shape, per_category=8.0) / max(shape.n_rows, 1)
    return 1e-2 if crowded > 0.5 else 1e-3


def build(values: Mapping[str, Value], context: BuildContext) -> Any:
    """Return an unfitted model; ``strength`` is the penalty per row (glmnet's lambda)."""
    strength = float(values["strength"])
    elastic = values["penalty"] == "elasticnet"
    ratio = float(values.get("l1_ratio", 0.0))
    n_rows = max(context.shape.n_rows, 2)
    if context.shape.problem is ProblemKind.REGRESSION:
        from sklearn.linear_model import ElasticNet, Ridge

        if elastic:
            return BoundedRegressor(
                ElasticNet(alpha=strength, l1_ratio=ratio, max_iter=300, tol=1e-3)
            )
        return BoundedRegressor(Ridge(alpha=strength * n_rows))
    return _logistic(strength, ratio if elastic else 0.0, n_rows, context.seed)


def _logistic(strength: float, ratio: float, n_rows: int, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    inverse = 1.0 / (strength * n_rows)
    if ratio == 0.0:
        return LogisticRegression(C=inverse, max_iter=150, tol=1e-3)
    saga = {"solver": "saga", "l1_ratio": ratio, "max_iter": 60, "tol": 1e-2}
    # scikit-learn 1.8 lets l1_ratio alone name the penalty.
    if inspect.signature(LogisticRegression).parameters["penalty"].default == "deprecated":
        return LogisticRegression(C=inverse, random_state=seed, **saga)
    return LogisticRegression(C=inverse, penalty="elasticnet", random_state=seed, **saga)


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    onehot = values.get("prep_encoding", "onehot") == "onehot"
    columns = matrix_columns(shape, per_category=8.0 if onehot else 1.0)
    if shape.problem is ProblemKind.REGRESSION:
        return 0.05 + 2e-10 * shape.n_rows * columns**2 + 1e-8 * shape.n_rows * columns
    passes = 120.0 if values["penalty"] == "l2" else 400.0
    return 0.05 + passes * 2e-9 * shape.n_rows * columns * max(1, shape.n_classes - 1)


LINEAR = Learner(
    name="linear",
    label="Penalised linear model",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        scaling=("standard", "robust", "quantile", "power"),
        encoding=("onehot", "target"),
        imputation=("median", "mean"),
        projection=True,
        sparse=True,
    ),
    limits=LearnerLimits(max_rows=1_000_000, max_columns=20_000),
    interpretable=True,
)

"""Penalised linear models: logistic regression, ridge and elastic net."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import matrix_columns
from espalier.pipelines.learners.base.learner import BuildContext, Learner, LearnerLimits
from espalier.pipelines.learners.base.target_scale import mean_and_spread
from espalier.pipelines.learners.families.penalty import (
    ChosenStrength,
    ElasticLogistic,
    Logistic,
    Ridge,
)
from espalier.pipelines.learners.losses.linear_losses import LogLinear, ReweightedQuantile
from espalier.pipelines.metrics.objective import DEVIANCES, LossKind
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


# Default strength for the numbers of pictures.
_STRENGTH_WIDE = 1.5e-4


class BoundedRegressor(BaseEstimator):
    """Fit a regressor to the scaled target and clip predictions to the range seen.

    Far from its training rows, a linear model may predict values that no target has.

    Parameters
    ----------
    regressor : estimator
        Takes ``fit(X, y, sample_weight)``.
    margin : float
        How far beyond the range seen a prediction may go, as a share of that range.
    standardised : bool
        Whether the target is standardised; otherwise it is left as it is.
    """

    def __init__(self, regressor: Any, margin: float = 0.2, standardised: bool = True) -> None:
        self.regressor = regressor
        self.margin = margin
        self.standardised = standardised

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None = None,
        groups: NDArray[Any] | None = None,
        times: NDArray[Any] | None = None,
    ) -> "BoundedRegressor":
        """Fit to ``y`` of shape (n_rows,)."""
        self.center_, self.scale_ = 0.0, 1.0
        if self.standardised:
            self.center_, self.scale_ = mean_and_spread(y, sample_weight)
        width = float(y.max() - y.min()) * self.margin
        self.low_, self.high_ = float(y.min()) - width, float(y.max()) + width
        target = (y - self.center_) / self.scale_
        if isinstance(self.regressor, ChosenStrength):
            self.regressor.fit(X, target, sample_weight, groups=groups, times=times)
        elif sample_weight is None:
            self.regressor.fit(X, target)
        else:
            self.regressor.fit(X, target, sample_weight=sample_weight)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values, shape (n_rows,)."""
        answers = np.ravel(self.regressor.predict(X)) * self.scale_ + self.center_
        return np.clip(answers, self.low_, self.high_)


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters; by default the model chooses its own penalty.

    Where the columns are thousands of numbers of pictures and the target has classes, a path of
    penalties costs more than the rest of a short search, and one strength is near the best
    everywhere (docs/decisions/0075).
    """
    from ConfigSpace import Categorical, ConfigurationSpace, Float, InCondition

    is_wide = (
        shape.is_of_pictures
        and shape.problem.is_classification
        and not shape.has_others_beside_pictures
    )
    penalty = Categorical(
        "penalty", ["chosen", "l2", "elasticnet"], default="l2" if is_wide else "chosen"
    )
    strength = Float("strength", (1e-5, 1.0), log=True, default=_STRENGTH_WIDE if is_wide else 1e-3)
    ratio = Float("l1_ratio", (0.05, 1.0), default=0.5)
    made = ConfigurationSpace()
    made.add(
        [
            penalty,
            strength,
            ratio,
            InCondition(strength, penalty, ["l2", "elasticnet"]),
            InCondition(ratio, penalty, ["elasticnet"]),
        ]
    )
    return made


def build(values: Mapping[str, Value], context: BuildContext) -> Any:
    """Return an unfitted model; ``strength`` is the penalty per row (glmnet's lambda)."""
    regression = context.shape.problem is ProblemKind.REGRESSION
    if context.loss in DEVIANCES and values["penalty"] != "elasticnet":
        return _log_linear(values, context)
    model: Any
    wide = context.shape.is_wide
    if values["penalty"] == "elasticnet":
        strength, ratio = float(values["strength"]), float(values["l1_ratio"])
        model = _elastic_net(strength, ratio, context)
    elif values["penalty"] == "l2":
        strength = float(values["strength"])
        model = Ridge(strength, wide) if regression else Logistic(strength, in_span=wide)
    else:
        level = context.objective.level if context.loss is LossKind.QUANTILE else None
        model = ChosenStrength(
            Ridge() if regression else Logistic(), context.seed, level, in_span=wide
        )
    if context.loss is LossKind.QUANTILE and values["penalty"] != "chosen":
        model = ReweightedQuantile(model, context.objective.level)
    return BoundedRegressor(model) if regression else model


def _log_linear(values: Mapping[str, Value], context: BuildContext) -> BoundedRegressor:
    power = context.objective.variance_power
    if values["penalty"] == "l2":
        model: Any = LogLinear(float(values["strength"]), power)
    else:
        model = ChosenStrength(LogLinear(power=power), context.seed)
    return BoundedRegressor(model, standardised=False)


def _elastic_net(strength: float, ratio: float, context: BuildContext) -> Any:
    from sklearn.linear_model import ElasticNet

    if context.shape.problem is ProblemKind.REGRESSION:
        return ElasticNet(alpha=strength, l1_ratio=ratio, max_iter=300, tol=1e-3)
    return ElasticLogistic(strength, ratio, context.seed)


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    onehot = values.get("prep_encoding", "onehot") == "onehot"
    columns = matrix_columns(shape, per_category=8.0 if onehot else 1.0)
    if values.get("prep_vectors") == "all":
        columns += shape.vector_width
        if shape.is_wide and values["penalty"] != "elasticnet":
            return 0.05 + 2e-10 * shape.n_rows**2 * columns + 3e-8 * shape.n_rows**3
        if shape.problem.is_classification:  # the solver's passes, all in one product
            paths = 8.0 if values["penalty"] == "chosen" else 1.0
            return 0.05 + paths * 8e-9 * shape.n_rows * columns * max(2, shape.n_classes)
    if shape.problem is ProblemKind.REGRESSION:
        return 0.05 + 2e-10 * shape.n_rows * columns**2 + 1e-8 * shape.n_rows * columns
    passes = 400.0 if values["penalty"] == "elasticnet" else 120.0
    return 0.05 + passes * 2e-9 * shape.n_rows * columns * max(1, shape.n_classes - 1)


LINEAR = Learner(
    name="linear",
    label="Penalised linear model",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        scaling=("both", "standard", "robust", "quantile", "power"),
        encoding=("onehot", "target"),
        imputation=("median", "mean"),
        projection=True,
        sparse=True,
        vectors=("all", "pca"),
        directions=200,
    ),
    limits=LearnerLimits(max_rows=1_000_000, max_columns=20_000),
    losses=frozenset(LossKind),
    interpretable=True,
)

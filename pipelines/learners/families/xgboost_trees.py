"""XGBoost: regularised gradient boosting on histograms (Chen and Guestrin 2016)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import matrix_columns
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.families.boosted_trees import (
    BoostedTrees,
    BoostingRows,
    probabilities,
    regression_losses,
)
from espalier.pipelines.learners.families.boosting_rounds import (
    Patience,
    default_rate,
    draws,
    expected_trees,
    has_tiny_class,
    max_rounds,
    patience_rounds,
    searched_rates,
    sensible_rate,
)
from espalier.pipelines.metrics.objective import LossKind
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.interruption import uninterrupted
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


# Objective and loss watched for each loss; their parameters are set in `build`.
_OBJECTIVES = {
    LossKind.SQUARED: ("reg:squarederror", "rmse"),
    LossKind.QUANTILE: ("reg:quantileerror", "quantile"),
    LossKind.POISSON: ("count:poisson", "poisson-nloglik"),
    LossKind.TWEEDIE: ("reg:tweedie", "tweedie-nloglik"),
    LossKind.GAMMA: ("reg:gamma", "gamma-deviance"),
}
_MEDIAN = ("reg:absoluteerror", "mae")


class XGBoostModel(BoostedTrees):
    """XGBoost with early stopping; the trees after the best round are removed."""

    def _boost(
        self,
        train: BoostingRows,
        watched: BoostingRows | None,
        categorical: tuple[int, ...],
        patience: Patience,
    ) -> None:
        import xgboost

        parameters = {**self.parameters, "nthread": self.n_threads, "verbosity": 0}
        if parameters["objective"] == "multi:softprob":
            parameters["num_class"] = int(train.y.max()) + 1
        self.types_ = ["c" if i in categorical else "q" for i in range(train.X.shape[1])]
        settings = {
            "feature_types": self.types_,
            "enable_categorical": bool(categorical),
            "nthread": self.n_threads,
            "max_bin": parameters["max_bin"],
        }
        valid = []
        with uninterrupted():  # XGBoost reads the rows by callbacks
            table = xgboost.QuantileDMatrix(train.X, train.y, weight=train.weight, **settings)
            if watched is not None:
                there = xgboost.QuantileDMatrix(
                    watched.X, watched.y, weight=watched.weight, ref=table, **settings
                )
                valid.append((there, "valid"))

        least = self._least_loss(watched)

        class Watch(xgboost.callback.TrainingCallback):
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                del model
                losses = next(iter(evals_log["valid"].values())) if evals_log else []
                return patience.stop(epoch, losses[-1] - least if losses else None)

        booster = xgboost.train(
            parameters, table, self.rounds, evals=valid, callbacks=[Watch()], verbose_eval=False
        )
        self.n_iterations_ = patience.best_round + 1
        self.booster_ = booster[: self.n_iterations_]

    def _least_loss(self, watched: BoostingRows | None) -> float:
        least = super()._least_loss(watched)
        if watched is None or self.objective.loss is not LossKind.POISSON:
            return least
        # Here the logarithm of y! is part of the loss.
        logs = gammaln(np.asarray(watched.y, dtype=np.float64) + 1)
        return least + float(np.average(logs, weights=watched.weight))

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values, shape (n_rows,), or class codes."""
        raw = self._raw(X)
        if str(self.parameters["objective"]).startswith(("reg:", "count:")):
            return raw
        return np.argmax(probabilities(raw), axis=1)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return probabilities(self._raw(X))

    def _raw(self, X: Any) -> NDArray[Any]:
        import xgboost

        table = xgboost.DMatrix(
            X,
            feature_types=self.types_,
            enable_categorical="c" in self.types_,
            nthread=self.n_threads,
        )
        return np.asarray(self.booster_.predict(table))


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    from ConfigSpace import ConfigurationSpace, Float, Integer

    tiny = has_tiny_class(shape)
    several = shape.problem is ProblemKind.MULTICLASS
    return ConfigurationSpace(
        space=[
            Float("learning_rate", searched_rates(shape), log=True, default=default_rate(shape)),
            Integer("max_depth", (2, 10), default=4 if shape.n_rows < 2_000 else 6),
            Float("min_child_weight", (0.01, 100.0), log=True, default=0.1 if several else 2.0),
            Float("subsample", (0.4, 1.0), default=0.85),
            Float("colsample_bytree", (0.2, 1.0), default=0.7),
            Float("reg_lambda", (1e-3, 100.0), log=True, default=5.0 if tiny else 2.0),
            Float("reg_alpha", (1e-4, 10.0), log=True, default=1e-3),
            Float("gamma", (1e-4, 10.0), log=True, default=1e-4),
        ]
    )


def build(values: Mapping[str, Value], context: BuildContext) -> XGBoostModel:
    """Return an unfitted model of these hyperparameters."""
    shape = context.shape
    if shape.problem is ProblemKind.REGRESSION:
        losses = _regression(context)
    elif shape.problem is ProblemKind.BINARY:
        losses = {"objective": "binary:logistic", "eval_metric": "logloss"}
    else:
        losses = {"objective": "multi:softprob", "eval_metric": "mlogloss"}
    rate = _rate(values, shape)
    parameters = {
        **values,
        **losses,
        "learning_rate": rate,
        "tree_method": "hist",
        "max_bin": 256,
        "seed": context.seed,
    }
    return XGBoostModel(
        parameters,
        rounds=context.iterations or max_rounds(shape, rate),
        patience=patience_rounds(rate),
        n_threads=context.n_threads,
        objective=context.objective,
    )


def _regression(context: BuildContext) -> dict[str, Any]:
    """Return the objective, the loss to watch and their parameters."""
    asked = context.objective
    minimised, watched = regression_losses(context, _OBJECTIVES, median=_MEDIAN)
    parameters: dict[str, Any] = {"objective": minimised, "eval_metric": watched}
    if asked.loss is LossKind.QUANTILE and not asked.is_median:
        parameters["quantile_alpha"] = asked.level
    elif asked.loss is LossKind.TWEEDIE:
        parameters["tweedie_variance_power"] = asked.power
        parameters["eval_metric"] = f"tweedie-nloglik@{asked.power}"
    return parameters


def _rate(values: Mapping[str, Value], shape: DatasetShape) -> float:
    return sensible_rate(
        float(values["learning_rate"]),
        float(values["reg_lambda"]),
        shape,
        default=default_rate(shape),
    )


def varies(values: Mapping[str, Value]) -> bool:
    """Whether models differ by their seed."""
    return draws(values, "subsample", "colsample_bytree")


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    trees = expected_trees(shape, _rate(values, shape))
    depth = float(values["max_depth"])
    per_row = 1.5e-9 * matrix_columns(shape) * depth + 1e-8 * depth
    return 0.05 + trees * (1e-4 + 3e-6 * 2**depth + shape.n_rows * per_row)


XGBOOST = Learner(
    name="xgboost",
    label="XGBoost",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        encoding=("ordinal", "native", "target", "onehot"),
        imputation=("none",),
        text_words=(200, 0),
    ),
    early_stopping=True,
    anytime=True,
    packages=("xgboost",),
    losses=frozenset(LossKind),
    varies=varies,
)

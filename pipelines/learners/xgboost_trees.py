"""XGBoost: regularised gradient boosting on histograms (Chen and Guestrin 2016)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from pipelines.budget import Deadline
from pipelines.configuration import Value
from pipelines.data.dataset import DatasetShape
from pipelines.learners.base import BuildContext, Learner, PreprocessingTraits
from pipelines.learners.boosting_rounds import (
    Patience,
    default_rate,
    expected_trees,
    has_tiny_class,
    max_rounds,
    patience_rounds,
)
from pipelines.learners.costs import matrix_columns
from pipelines.problem import ProblemKind

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


class XGBoostModel(BaseEstimator):
    """XGBoost through its native interface, stopped early or by the clock.

    Parameters
    ----------
    parameters : mapping
        Native parameters.
    rounds : int
        Boosting rounds at most; exactly, when `fit` gets no ``eval_set``.
    patience : int
        Rounds without a better validation loss before it stops.
    n_threads : int
        Threads.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        rounds: int = 500,
        patience: int = 50,
        n_threads: int = 1,
    ) -> None:
        self.parameters = parameters
        self.rounds = rounds
        self.patience = patience
        self.n_threads = n_threads

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        *,
        sample_weight: NDArray[Any] | None = None,
        eval_set: tuple[Any, NDArray[Any]] | None = None,
        eval_weight: NDArray[Any] | None = None,
        categorical: tuple[int, ...] = (),
        deadline: Deadline | None = None,
    ) -> "XGBoostModel":
        """Boost on ``X`` of shape (n_rows, n_columns) and ``y`` of codes or values.

        Leaves ``n_iterations_``, the rounds it kept.
        """
        import xgboost

        parameters = {**self.parameters, "nthread": self.n_threads, "verbosity": 0}
        if parameters["objective"] == "multi:softprob":
            parameters["num_class"] = int(y.max()) + 1
        self.types_ = ["c" if i in categorical else "q" for i in range(X.shape[1])]
        settings = {
            "feature_types": self.types_,
            "enable_categorical": bool(categorical),
            "nthread": self.n_threads,
            "max_bin": parameters["max_bin"],
        }
        train = xgboost.QuantileDMatrix(X, y, weight=sample_weight, **settings)
        watched = []
        if eval_set is not None:
            valid = xgboost.QuantileDMatrix(
                eval_set[0], eval_set[1], weight=eval_weight, ref=train, **settings
            )
            watched.append((valid, "valid"))
        patience = Patience(self.patience if watched else None, deadline)

        class Watch(xgboost.callback.TrainingCallback):
            def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
                del model
                losses = next(iter(evals_log["valid"].values())) if evals_log else [None]
                return patience.stop(epoch, losses[-1])

        booster = xgboost.train(
            parameters, train, self.rounds, evals=watched, callbacks=[Watch()], verbose_eval=False
        )
        self.n_iterations_ = patience.best_round + 1
        self.booster_ = booster[: self.n_iterations_]
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values, shape (n_rows,), or class codes."""
        raw = self._raw(X)
        if str(self.parameters["objective"]).startswith("reg:"):
            return raw
        return np.argmax(_probabilities(raw), axis=1)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return _probabilities(self._raw(X))

    def _raw(self, X: Any) -> NDArray[Any]:
        import xgboost

        table = xgboost.DMatrix(
            X,
            feature_types=self.types_,
            enable_categorical="c" in self.types_,
            nthread=self.n_threads,
        )
        return np.asarray(self.booster_.predict(table))


def _probabilities(raw: NDArray[Any]) -> NDArray[Any]:
    return raw if raw.ndim == 2 else np.column_stack([1 - raw, raw])


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    from ConfigSpace import ConfigurationSpace, Float, Integer

    tiny = has_tiny_class(shape)
    several = shape.problem is ProblemKind.MULTICLASS
    return ConfigurationSpace(
        space=[
            Float("learning_rate", (0.01, 0.3), log=True, default=default_rate(shape)),
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
    objectives = {
        ProblemKind.REGRESSION: ("reg:squarederror", "rmse"),
        ProblemKind.BINARY: ("binary:logistic", "logloss"),
        ProblemKind.MULTICLASS: ("multi:softprob", "mlogloss"),
    }
    objective, loss = objectives[shape.problem]
    parameters = {
        **values,
        "objective": objective,
        "eval_metric": loss,
        "tree_method": "hist",
        "max_bin": 256,
        "seed": context.seed,
    }
    rate = float(values["learning_rate"])
    return XGBoostModel(
        parameters,
        rounds=context.iterations or max_rounds(shape, rate),
        patience=patience_rounds(rate),
        n_threads=context.n_threads,
    )


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    trees = expected_trees(shape, float(values["learning_rate"]))
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
        encoding=("ordinal", "native", "target", "onehot"), imputation=("none",)
    ),
    early_stopping=True,
    anytime=True,
    packages=("xgboost",),
)

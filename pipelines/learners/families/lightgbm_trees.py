"""LightGBM: histogram gradient boosting, leaf-wise trees (Ke et al. 2017)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

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
from espalier.pipelines.preprocessing.lookups import LOOKUPS
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


# Histograms of few rows cost more than the rows: half the bins is quicker and as good.
_ROWS_FOR_FINE_BINS = 20_000
# From so many rows and numeric columns on, formulas of them are worth an early trial.
_ROWS_FOR_FORMULAS, _NUMBERS_FOR_FORMULAS = 4_000, 3
# Rows added to those of a category where it is smoothed, unless a configuration says otherwise.
_CAT_SMOOTH = 20.0
# Objective and loss watched for each loss; their parameters are set in `build`.
_OBJECTIVES = {
    LossKind.SQUARED: ("regression", "l2"),
    LossKind.QUANTILE: ("quantile", "quantile"),
    LossKind.POISSON: ("poisson", "poisson"),
    LossKind.TWEEDIE: ("tweedie", "tweedie"),
    LossKind.GAMMA: ("gamma", "gamma_deviance"),
}
_MEDIAN = ("regression_l1", "l1")


class LightGBMModel(BoostedTrees):
    """LightGBM with early stopping; predictions ignore the trees after the best round."""

    def _boost(
        self,
        train: BoostingRows,
        watched: BoostingRows | None,
        categorical: tuple[int, ...],
        patience: Patience,
    ) -> None:
        import lightgbm

        # The validation table is built against the parameters of the first, so all go to both.
        parameters = {
            **self.parameters,
            "num_threads": self.n_threads,
            "verbosity": -1,
            "deterministic": True,
            "force_row_wise": True,
        }
        if parameters["objective"] == "multiclass":
            parameters["num_class"] = int(train.y.max()) + 1
        table = lightgbm.Dataset(
            train.X,
            train.y,
            weight=train.weight,
            categorical_feature=list(categorical),
            params=parameters,
        )
        valid = []
        if watched is not None:
            valid.append(table.create_valid(watched.X, watched.y, weight=watched.weight))

        least = self._least_loss(watched)

        def watch(env: Any) -> None:
            losses = env.evaluation_result_list
            if patience.stop(env.iteration, float(losses[0][2]) - least if losses else None):
                raise lightgbm.callback.EarlyStopException(patience.best_round, losses)

        watch.order = 30  # type: ignore[attr-defined]
        self.booster_ = lightgbm.train(
            parameters, table, self.rounds, valid_sets=valid, callbacks=[watch]
        )
        self.n_iterations_ = patience.best_round + 1
        self.booster_.best_iteration = self.n_iterations_
        self.booster_.free_dataset()

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values, shape (n_rows,), or class codes."""
        raw = self._raw(X)
        if self.parameters["objective"] in ("binary", "multiclass"):
            return np.argmax(probabilities(raw), axis=1)
        return raw

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        return probabilities(self._raw(X))

    def _raw(self, X: Any) -> NDArray[Any]:
        return np.asarray(
            self.booster_.predict(X, num_iteration=self.n_iterations_, num_threads=self.n_threads)
        )


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters; leaves are larger and penalised where a class is tiny."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

    tiny = has_tiny_class(shape)
    several = shape.problem is ProblemKind.MULTICLASS
    return ConfigurationSpace(
        space=[
            Float("learning_rate", searched_rates(shape), log=True, default=default_rate(shape)),
            Integer("num_leaves", (2, 200), log=True, default=15 if shape.n_rows < 2_000 else 31),
            Integer("min_data_in_leaf", (1, 64), log=True, default=5 if several else 10),
            Float(
                "min_sum_hessian_in_leaf", (1e-3, 10.0), log=True, default=0.1 if several else 0.01
            ),
            Float("feature_fraction", (0.2, 1.0), default=0.6),
            Float("bagging_fraction", (0.4, 1.0), default=0.9),
            Float("lambda_l2", (1e-3, 100.0), log=True, default=5.0 if tiny else 3.0),
            # Thresholds drawn at random (Geurts et al. 2006): smoother, and unlike the others.
            Categorical("extra_trees", [False, True], default=False),
        ]
    )


def of_categories(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters of splits by category; the defaults change nothing.

    A category is smoothed by ``cat_smooth`` rows and ``cat_l2``; groups of them are tried where a
    category has ``min_data_per_group`` rows; up to ``max_cat_to_onehot`` categories, one against
    the others.
    """
    from ConfigSpace import ConfigurationSpace, Float, Integer

    del shape
    return ConfigurationSpace(
        space=[
            Float("cat_smooth", (1e-3, 100.0), log=True, default=_CAT_SMOOTH),
            Float("cat_l2", (5e-3, 20.0), log=True, default=10.0),
            Integer("min_data_per_group", (2, 100), log=True, default=100),
            Integer("max_cat_to_onehot", (4, 100), log=True, default=4),
        ]
    )


def starters(shape: DatasetShape) -> tuple[Mapping[str, Value], ...]:
    """Return early trials: one whose thresholds are drawn, a plain one, and one with formulas.

    Neither has a penalty. The first has splits by category, and the plain one sees all rows and
    columns in each tree. Which of the three is best differs much between tables
    (docs/decisions/0101). A class of few rows needs the default's penalty. Where rows are enough to
    tell what many correlated columns say, drawn thresholds are tried with random formulas of the
    numbers too (docs/decisions/0114).
    """
    if has_tiny_class(shape):
        return ({"extra_trees": True},)
    rate = min(default_rate(shape), 0.05) if shape.n_classes <= 2 else default_rate(shape)
    free: dict[str, Value] = {"learning_rate": rate, "lambda_l2": 1e-3, "bagging_fraction": 1.0}
    drawn: dict[str, Value] = {
        "extra_trees": True,
        "num_leaves": 48,
        "min_data_in_leaf": 5,
        "feature_fraction": 0.7,
        "prep_encoding": "native",
    }
    plain: dict[str, Value] = {
        "num_leaves": 31,
        "min_data_in_leaf": 20,
        "feature_fraction": 1.0,
    }
    found = ({**free, **drawn}, {**free, **plain})
    if shape.n_rows < _ROWS_FOR_FORMULAS or shape.n_numeric < _NUMBERS_FOR_FORMULAS:
        return found
    return (*found, {**free, **drawn, "prep_construction": "random"})


def build(values: Mapping[str, Value], context: BuildContext) -> LightGBMModel:
    """Return an unfitted model of these hyperparameters."""
    shape = context.shape
    rate = _rate(values, shape)
    parameters: dict[str, Any] = {
        "cat_smooth": _CAT_SMOOTH,
        **values,
        "learning_rate": rate,
        "bagging_freq": 1 if float(values.get("bagging_fraction", 1.0)) < 1 else 0,
        "seed": context.seed,
        "max_bin": 127 if shape.n_rows < _ROWS_FOR_FINE_BINS else 255,
        "feature_pre_filter": False,
    }
    if shape.problem is ProblemKind.REGRESSION:
        parameters |= _regression(context)
    elif shape.problem is ProblemKind.BINARY:
        parameters |= {"objective": "binary", "metric": "binary_logloss"}
    else:
        parameters |= {"objective": "multiclass", "metric": "multi_logloss"}
    return LightGBMModel(
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
    parameters: dict[str, Any] = {"objective": minimised, "metric": watched}
    if asked.loss is LossKind.QUANTILE and not asked.is_median:
        parameters["alpha"] = asked.level
    elif asked.loss is LossKind.TWEEDIE:
        parameters["tweedie_variance_power"] = asked.power
    return parameters


def _rate(values: Mapping[str, Value], shape: DatasetShape) -> float:
    return sensible_rate(
        float(values["learning_rate"]),
        float(values["lambda_l2"]),
        shape,
        default=default_rate(shape),
    )


def varies(values: Mapping[str, Value]) -> bool:
    """Whether models differ by their seed."""
    return draws(values, "feature_fraction", "bagging_fraction")


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    trees = expected_trees(shape, _rate(values, shape))
    leaves = float(values["num_leaves"])
    per_row = 1e-9 * matrix_columns(shape) * (1 + np.log2(leaves)) + 2e-8
    return float(0.03 + trees * (5e-5 + 4e-6 * leaves + shape.n_rows * per_row))


LIGHTGBM = Learner(
    name="lightgbm",
    label="LightGBM",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        encoding=("ordinal", "native", "target", "onehot"),
        imputation=("none",),
        text_words=(200, 0),
        formulas=True,
        lookups=LOOKUPS,
        text_directions=64,
        strings=("text", "both"),
    ),
    early_stopping=True,
    anytime=True,
    packages=("lightgbm",),
    losses=frozenset(LossKind),
    of_categories=of_categories,
    starters=starters,
    varies=varies,
)

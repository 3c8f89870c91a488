"""CatBoost as a model family: its hyperparameters, what they cost, and how a model is built."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import matrix_columns
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.families.boosting_rounds import (
    MOST_TREES,
    expected_trees,
    max_rounds,
    patience_rounds,
    searched_rates,
    sensible_rate,
)
from espalier.pipelines.learners.families.catboost_trees import CatBoostModel
from espalier.pipelines.metrics.objective import DEVIANCES, LossKind, TrainingObjective
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

# Past this many classes the plain squared score grows useful trees in fewer rounds.
_MANY_CLASSES = 6
# With many classes each tree costs several times that of other boosters.
_MOST_TREES_OF_CLASSES = 5_000
# It has no gamma deviance, but those of variances as near to it as one likes.
_NEARLY_GAMMA = 1.99
# Steps of Newton's method for the leaves of two classes: CatBoost's own number.
_LEAF_STEPS = 10
# Deeper trees than leave so many rows a leaf are mostly empty leaves, and cost as full ones.
_ROWS_A_LEAF = 2


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

    several = shape.problem is ProblemKind.MULTICLASS
    many = shape.n_classes > _MANY_CLASSES
    rate = _default_rate(shape)
    slowest, fastest = searched_rates(shape)
    made = ConfigurationSpace(
        space=[
            Float("learning_rate", (slowest, max(fastest, rate)), log=True, default=rate),
            Integer("depth", (3, 9), default=4 if several else 6),
            Float("l2_leaf_reg", (0.1, 100.0), log=True, default=3.0),
            Float("random_strength", (0.01, 10.0), log=True, default=1.0),
            Float("subsample", (0.4, 1.0), default=0.8),
            Float("rsm", (0.1, 1.0), log=True, default=_column_share(shape)),
            Categorical("score_function", ["Cosine", "L2"], default="L2" if many else "Cosine"),
        ]
    )
    if shape.problem is ProblemKind.BINARY:  # other losses take a single step as they are
        made.add(Integer("leaf_estimation_iterations", (1, 10), log=True, default=_LEAF_STEPS))
    return made


def of_categories(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters of categories: which are compared one by one, which combined.

    Those with more levels than ``one_hot_max_size`` become statistics of the target, in the order
    of the rows; by default all but those of two levels.
    """
    from ConfigSpace import ConfigurationSpace, Integer

    several = shape.problem is ProblemKind.MULTICLASS
    made = ConfigurationSpace(space=[Integer("one_hot_max_size", (2, 100), log=True, default=2)])
    if shape.n_categorical + shape.n_text >= 2:
        # Combined categories: costly where each combination is counted once per class.
        made.add(Integer("max_ctr_complexity", (1, 4), default=1 if several else 4))
    return made


def starters(shape: DatasetShape) -> tuple[Mapping[str, Value], ...]:
    """Return an early trial of two classes: leaves of one step of Newton's method, not ten.

    It was better than the default on each of three tables (docs/decisions/0102).
    """
    binary = shape.problem is ProblemKind.BINARY
    return ({"leaf_estimation_iterations": 1},) if binary else ()


def _default_rate(shape: DatasetShape) -> float:
    if shape.problem is ProblemKind.MULTICLASS:
        return 0.25 if shape.n_classes > _MANY_CLASSES else 0.15
    return 0.12 if shape.n_text else 0.08


def _column_share(shape: DatasetShape) -> float:
    """Return the share of columns each tree sees: less where columns cost per class."""
    enough = 100.0 if shape.n_classes <= 2 else 25.0
    return float(min(1.0, max(0.1, enough / matrix_columns(shape))))


def build(values: Mapping[str, Value], context: BuildContext) -> CatBoostModel:
    """Return an unfitted model of these hyperparameters."""
    shape = context.shape
    if shape.problem is ProblemKind.REGRESSION:
        losses = _regression(context)
    else:
        binary = shape.problem is ProblemKind.BINARY
        losses = {"loss_function": "Logloss" if binary else "MultiClass"}
    rate = _rate(values, shape)
    parameters = {
        "max_ctr_complexity": 1,
        **values,
        **losses,
        "learning_rate": rate,
        "depth": _depth(values, shape),
        "boosting_type": "Plain",
        "bootstrap_type": "Bernoulli",
        "border_count": 64 if shape.n_classes <= 2 else 32,
        "random_seed": context.seed,
    }
    return CatBoostModel(
        parameters,
        rounds=context.iterations or max_rounds(shape, rate, most_trees=_most_trees(shape)),
        patience=patience_rounds(rate),
        n_threads=context.n_threads,
        objective=_as_boosted(context.objective),
    )


def _depth(values: Mapping[str, Value], shape: DatasetShape) -> int:
    """Return the depth of the trees: less than asked for where the leaves would be empty."""
    most = int(np.log2(max(2.0, shape.n_rows / _ROWS_A_LEAF)))
    return min(int(values["depth"]), most)


def _regression(context: BuildContext) -> dict[str, str]:
    """Return the loss to minimise and, where it is another, the one to watch."""
    asked = _as_boosted(context.objective)
    minimised, watched = (_name_of(kind, asked) for kind in (context.loss, asked.loss))
    if minimised == watched:
        return {"loss_function": minimised}
    return {"loss_function": minimised, "eval_metric": watched}


def _as_boosted(asked: TrainingObjective) -> TrainingObjective:
    """Return the objective that stands for the one asked: the nearest deviance for gamma's."""
    if asked.loss is not LossKind.GAMMA:
        return asked
    return replace(asked, loss=LossKind.TWEEDIE, power=_NEARLY_GAMMA)


def _name_of(loss: LossKind, asked: TrainingObjective) -> str:
    """Return what CatBoost calls a loss, with its parameter."""
    if loss is LossKind.QUANTILE:
        return "MAE" if asked.is_median else f"Quantile:alpha={asked.level}"
    if loss is LossKind.POISSON:
        return "Poisson"
    if loss in DEVIANCES:
        return f"Tweedie:variance_power={asked.power}"
    return "RMSE"


def _most_trees(shape: DatasetShape) -> int:
    return _MOST_TREES_OF_CLASSES if shape.n_classes > 2 else MOST_TREES


def _rate(values: Mapping[str, Value], shape: DatasetShape) -> float:
    return sensible_rate(
        float(values["learning_rate"]),
        float(values["l2_leaf_reg"]),
        shape,
        default=_default_rate(shape),
        most_trees=_most_trees(shape),
    )


def varies(values: Mapping[str, Value]) -> bool:
    """Whether models differ by their seed: splits are always scored with noise."""
    del values
    return True


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    rate = _rate(values, shape)
    rounds = expected_trees(shape, rate) / max(1, shape.n_classes)
    depth = _depth(values, shape)
    width = matrix_columns(shape, per_category=4.0) * float(values["rsm"])
    width += 4.0 * shape.n_text * float(values.get("max_ctr_complexity", 1))
    per_row = 2e-9 * width * depth + 3e-8 * depth
    return 0.1 + rounds * shape.n_classes * (
        5e-4 + 1.5e-6 * width * 2**depth / 16 + shape.n_rows * per_row
    )


CATBOOST = Learner(
    name="catboost",
    label="CatBoost",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        encoding=("native", "ordinal", "onehot"),
        imputation=("none",),
        text_words=(200, 0),
        strings=("both", "categories"),
        # CatBoost has ordered target statistics of its own; target means beside them mislead.
        text_means=(False, True),
        rare_of_rows=2_000,
        # Its target statistics count rows, whatever they weigh.
        native_weighs=False,
    ),
    early_stopping=True,
    anytime=True,
    packages=("catboost",),
    losses=frozenset(LossKind),
    of_categories=of_categories,
    starters=starters,
    varies=varies,
)

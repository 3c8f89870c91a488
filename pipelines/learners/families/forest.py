"""Random forests (Breiman 2001), grown in portions so that a deadline can stop them."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import matrix_columns
from espalier.pipelines.learners.base.learner import BuildContext, Learner, LearnerLimits
from espalier.pipelines.learners.losses.leaf_quantiles import LeafQuantiles
from espalier.pipelines.metrics.objective import LossKind
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

_PORTION = 16
# Share of the uniform distribution that is mixed into the probabilities.
DOUBT = 0.01
# Numbers kept in the leaves of one forest: 8 bytes each.
_MOST_LEAF_NUMBERS = 3e7
_NODE_BYTES = 64.0
# The mean of a leaf is best for every deviance too.
FOREST_LOSSES = frozenset({LossKind.SQUARED, LossKind.QUANTILE})
# Up to this many rows the trees predict one by one.
_FEW_ROWS = 64


class GrownForest(BaseEstimator):
    """A forest that grows a portion of its trees at a time.

    Parameters
    ----------
    forest : estimator
        A scikit-learn forest with ``warm_start``; the same trees come out as in one go.
    n_trees : int
        Number of trees, fewer if the deadline comes first.
    level : float or None
        The quantile to predict in regression; None for the mean.

    Attributes
    ----------
    n_iterations_ : int
        Number of trees that were grown.
    """

    def __init__(self, forest: Any, n_trees: int, level: float | None = None) -> None:
        self.forest = forest
        self.n_trees = n_trees
        self.level = level

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        *,
        sample_weight: NDArray[Any] | None = None,
        deadline: Deadline | None = None,
    ) -> "GrownForest":
        """Grow trees on ``X`` of shape (n_rows, n_columns)."""
        started = time.perf_counter()
        grown = 0
        while grown < self.n_trees and (grown == 0 or deadline is None or not deadline.passed):
            # One tree first: it tells how many of a portion fit before the deadline.
            portion = _PORTION if deadline is None else 1
            if grown and deadline is not None:
                seconds_a_tree = max((time.perf_counter() - started) / grown, 1e-6)
                portion = int(min(_PORTION, max(deadline.seconds_left / seconds_a_tree, 1)))
            grown = min(self.n_trees, grown + portion)
            self.forest.set_params(n_estimators=grown, warm_start=True)
            self.forest.fit(X, y, sample_weight=sample_weight)
        self.n_iterations_ = grown
        self.quantiles_ = None
        if self.level is not None:
            self.quantiles_ = LeafQuantiles(self.level).fit(self._leaves(X), y, sample_weight)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return values or class codes, shape (n_rows,)."""
        quantiles = getattr(self, "quantiles_", None)  # older versions had none
        if quantiles is not None:
            return np.asarray(quantiles.predict(self._leaves(X)))
        if self._asks_few(X) and not hasattr(self.forest, "predict_proba"):
            return np.asarray(self._tree_mean(X)[:, 0])
        return self.forest.predict(X)

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, n_classes)."""
        scores = self._tree_mean(X) if self._asks_few(X) else self.forest.predict_proba(X)
        prior = np.full(scores.shape[1], 1.0 / scores.shape[1])
        # A class that no leaf has seen is rare, not impossible.
        return (scores + DOUBT * prior) / (1 + DOUBT)

    def _asks_few(self, X: Any) -> bool:
        """Whether to predict tree by tree: for few rows scikit-learn's overhead dominates."""
        return isinstance(X, np.ndarray) and len(X) <= _FEW_ROWS

    def _leaves(self, X: Any) -> NDArray[Any]:
        """Return the leaf of each row in each tree, shape (n_rows, n_trees)."""
        if not self._asks_few(X):
            return np.asarray(self.forest.apply(X))
        rows = np.ascontiguousarray(X, dtype=np.float32)
        return np.column_stack([each.tree_.apply(rows) for each in self.forest.estimators_])

    def _tree_mean(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return the mean prediction of the trees, shape (n_rows, k)."""
        rows = np.ascontiguousarray(X, dtype=np.float32)
        total = np.zeros(1)
        for each in self.forest.estimators_:
            total = total + each.tree_.predict(rows)
        mean = total / len(self.forest.estimators_)
        return np.asarray(mean.reshape(len(rows), -1))


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    return forest_space(shape, default_share=0.25 if shape.problem.is_classification else 0.4)


def forest_space(shape: DatasetShape, *, default_share: float) -> "ConfigurationSpace":
    """Return the hyperparameters that both kinds of forest share."""
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

    classification = shape.problem.is_classification
    # On wide tables a hundred columns tried per split are enough, and all that time allows.
    share = max(0.02, min(default_share, 100.0 / matrix_columns(shape)))
    # Binary: the class shares in small leaves are overconfident.
    leaf = 2 if shape.problem is ProblemKind.BINARY else 1
    parameters: list[Any] = [
        Float("max_features", (0.02, 1.0), log=True, default=share),
        Integer("min_samples_leaf", (1, 30), log=True, default=leaf),
    ]
    if classification:
        parameters.append(Categorical("criterion", ["gini", "entropy"], default="entropy"))
    made = ConfigurationSpace()
    made.add(parameters)
    return made


def forest_settings(
    values: Mapping[str, Value], context: BuildContext, *, n_trees: int
) -> tuple[dict[str, Any], int]:
    """Return scikit-learn's settings for both kinds of forest, and the number of trees.

    Leaves hold one number per class, so that on many rows and classes they must be larger.
    """
    shape = context.shape
    leaf = int(values["min_samples_leaf"])
    smallest = n_trees * shape.n_rows * shape.n_classes / _MOST_LEAF_NUMBERS
    settings: dict[str, Any] = {
        "max_features": float(values["max_features"]),
        "min_samples_leaf": max(leaf, int(np.ceil(smallest))),
        "random_state": context.seed,
        "n_jobs": context.n_threads,
    }
    if "criterion" in values:
        settings["criterion"] = values["criterion"]
    return settings, n_trees


def count_trees(shape: DatasetShape) -> int:
    """Return the number of trees: fewer on many rows, where each is better."""
    if shape.n_rows <= 5_000:
        return 128
    return 96 if shape.n_rows <= 50_000 else 64


def forest_seconds(values: Mapping[str, Value], shape: DatasetShape, *, per_cell: float) -> float:
    """Return seconds to grow a forest on one core."""
    tried = max(1.0, float(values["max_features"]) * matrix_columns(shape))
    depth = np.log2(max(2.0, shape.n_rows / float(values["min_samples_leaf"])))
    classes = 1 + 0.05 * shape.n_classes
    per_tree = 1e-3 + per_cell * shape.n_rows * tried * depth * classes
    return float(count_trees(shape) * per_tree)


def forest_mb(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return the MiB of a forest with as many nodes as the smallest leaves allow."""
    leaf = max(float(values["min_samples_leaf"]), 1.0)
    leaves = count_trees(shape) * min(shape.n_rows, 50_000) / (1.5 * leaf)
    return 2.0 * leaves * (_NODE_BYTES + 8.0 * shape.n_classes) / 2**20


def build(values: Mapping[str, Value], context: BuildContext) -> GrownForest:
    """Return an unfitted forest of these hyperparameters."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    classification = context.shape.problem.is_classification
    kind = RandomForestClassifier if classification else RandomForestRegressor
    settings, n_trees = forest_settings(values, context, n_trees=count_trees(context.shape))
    if context.shape.n_rows > 50_000:
        settings["max_samples"] = 50_000 / context.shape.n_rows
    return GrownForest(kind(**settings), context.iterations or n_trees, forest_level(context))


def forest_level(context: BuildContext) -> float | None:
    """Return the quantile that a forest should predict; None for the mean."""
    return context.objective.level if context.loss is LossKind.QUANTILE else None


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    return forest_seconds(values, shape, per_cell=1.8e-8)


RANDOM_FOREST = Learner(
    name="random_forest",
    label="Random forest",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    expected_mb=forest_mb,
    anytime=True,
    preprocessing=PreprocessingTraits(
        encoding=("ordinal", "target", "onehot"),
        imputation=("none",),
        # Cross-fitted means differ between equal strings, so a forest cannot recognise a string by
        # them; the other families start with them, so that both ways are tried early.
        text_means=(False, True),
    ),
    limits=LearnerLimits(max_rows=500_000, max_columns=20_000),
    losses=FOREST_LOSSES,
)

"""Extremely randomised trees (Geurts, Ernst and Wehenkel 2006)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.learner import BuildContext, Learner, LearnerLimits
from espalier.pipelines.learners.families.forest import (
    FOREST_LOSSES,
    GrownForest,
    count_trees,
    forest_level,
    forest_mb,
    forest_seconds,
    forest_settings,
    forest_space,
)
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters."""
    # Random thresholds split badly: more columns must be tried than in a random forest.
    return forest_space(shape, default_share=0.4 if shape.n_classes == 2 else 0.8)


def build(values: Mapping[str, Value], context: BuildContext) -> GrownForest:
    """Return an unfitted forest of these hyperparameters."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    classification = context.shape.problem.is_classification
    kind = ExtraTreesClassifier if classification else ExtraTreesRegressor
    settings, n_trees = forest_settings(values, context, n_trees=count_trees(context.shape))
    return GrownForest(kind(**settings), context.iterations or n_trees, forest_level(context))


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    return forest_seconds(values, shape, per_cell=7e-9)


EXTRA_TREES = Learner(
    name="extra_trees",
    label="Extremely randomised trees",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    expected_mb=forest_mb,
    anytime=True,
    preprocessing=PreprocessingTraits(
        encoding=("ordinal", "target", "onehot"), imputation=("none",)
    ),
    limits=LearnerLimits(max_rows=500_000, max_columns=20_000),
    losses=FOREST_LOSSES,
)

"""Explainable boosting machines as a model family."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.additive.explainable_boosting import PACKAGE, ExplainableBoosting
from espalier.pipelines.learners.base.costs import matrix_columns
from espalier.pipelines.learners.base.learner import BuildContext, Learner, LearnerLimits
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters; ranges as in TabArena's, smaller where a fit would take long."""
    from ConfigSpace import ConfigurationSpace, Float, Integer

    made = ConfigurationSpace(
        space=[
            Float("learning_rate", (0.01, 0.2), log=True, default=0.03),
            Integer("max_leaves", (2, 4), default=2),
            Integer("smoothing_rounds", (0, 200), default=50),
            Integer("min_rows", (2, 20), log=True, default=4),
            Float("gain_scale", (0.5, 5.0), log=True, default=5.0),
        ]
    )
    if has_pairs(shape):
        made.add(Float("pairs", (0.0, 2.0), default=1.0))
    return made


def has_pairs(shape: DatasetShape) -> bool:
    """Whether surfaces of pairs are fitted: of many classes nobody can read them."""
    return shape.n_classes <= 2


def n_bags(shape: DatasetShape) -> int:
    """Return the number of bags: few where the rows that stop them are few, too."""
    return 4 if shape.n_rows > 200 else 2


def build(values: Mapping[str, Value], context: BuildContext) -> ExplainableBoosting:
    """Return an unfitted model of these hyperparameters."""
    return ExplainableBoosting(
        learning_rate=float(values["learning_rate"]),
        max_leaves=int(values["max_leaves"]),
        pairs=float(values.get("pairs", 0.0)),
        smoothing_rounds=int(values["smoothing_rounds"]),
        min_rows=int(values["min_rows"]),
        gain_scale=float(values["gain_scale"]),
        n_bags=n_bags(context.shape),
        classification=context.shape.problem.is_classification,
        seed=context.seed,
    )


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    columns = matrix_columns(shape)
    terms = columns * (1.0 + 2.0 * float(values.get("pairs", 0.0)))
    rounds = min(5_000.0, 12.0 / float(values["learning_rate"]) + float(values["smoothing_rounds"]))
    classes = shape.n_classes if shape.n_classes > 2 else 1
    # Values take many times as many rounds until they stop as classes do.
    step = (2.0 if shape.problem.is_classification else 10.0) * (3e-6 + 6e-9 * shape.n_rows)
    return 0.3 + n_bags(shape) * rounds * terms * classes * step


EBM = Learner(
    name="ebm",
    label="Explainable boosting machine",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        encoding=("native", "target", "onehot"), imputation=("none",)
    ),
    limits=LearnerLimits(max_rows=100_000, max_columns=500, max_classes=20),
    anytime=True,
    interpretable=True,
    # Its package is an extra, and a fit takes seconds (docs/decisions/0090, 0136).
    by_default=False,
    from_seconds=120.0,
    resembles="catboost",
    trained_by=PACKAGE,
)

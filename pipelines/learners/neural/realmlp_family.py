"""The multilayer perceptron with numeric embeddings as a model family."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.costs import network_operations
from espalier.pipelines.learners.base.learner import (
    BuildContext,
    Learner,
    LearnerLimits,
    always_varies,
)
from espalier.pipelines.learners.neural.embedding_network import FREQUENCIES, MIXED
from espalier.pipelines.learners.neural.realmlp import TabularPerceptron
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

# Row visits that the default of epochs affords.
_VISITS = 500_000


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters; ranges as in TabArena's, defaults those of RealMLP."""
    from ConfigSpace import ConfigurationSpace, Float, Integer

    classification = shape.problem.is_classification
    made = ConfigurationSpace(
        space=[
            Integer("width", (48, 384), log=True, default=192),
            Integer("depth", (2, 4), default=3),
            Float("learning_rate", (0.01, 0.4), log=True, default=0.04 if classification else 0.15),
            Float("weight_decay", (1e-3, 0.1), log=True, default=0.02),
            Float("dropout", (0.0, 0.5), default=0.15),
            Float("sigma", (0.02, 5.0), log=True, default=0.15),
            Integer("epochs", (16, 256), log=True, default=default_epochs(shape)),
        ]
    )
    if classification:
        made.add(Float("label_smoothing", (0.0, 0.2), default=0.05))
    return made


def default_epochs(shape: DatasetShape) -> int:
    """Return the default number of passes: fewer where each has many steps."""
    return int(min(200, max(24, _VISITS / max(shape.n_rows, 1))))


def build(values: Mapping[str, Value], context: BuildContext) -> TabularPerceptron:
    """Return unfitted networks of these hyperparameters."""
    return TabularPerceptron(
        width=int(values["width"]),
        depth=int(values["depth"]),
        learning_rate=float(values["learning_rate"]),
        weight_decay=float(values["weight_decay"]),
        dropout=float(values["dropout"]),
        sigma=float(values["sigma"]),
        label_smoothing=float(values.get("label_smoothing", 0.0)),
        epochs=int(values["epochs"]),
        stop_after=context.iterations,
        batch_size=batch_size(context.shape),
        classification=context.shape.problem.is_classification,
        seed=context.seed,
    )


def batch_size(shape: DatasetShape) -> int:
    """Return the rows of a step."""
    for rows, batch in ((2_000, 128), (40_000, 256), (100_000, 512)):
        if shape.n_rows <= rows:
            return batch
    return 1_024


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to fit once on one core."""
    width, depth = float(values["width"]), float(values["depth"])
    numbers = shape.n_numeric + 16.0 * shape.n_text + 6.0 * shape.n_datetime
    inputs = (MIXED + 1) * numbers + 8.0 * shape.n_categorical
    weights = width * (inputs + width * (depth - 1) + shape.n_classes)
    visits = float(values["epochs"]) * shape.n_rows
    steps = visits / batch_size(shape)
    row = 1.6e-10 * weights + 1.3e-8 * width * depth + 2.5e-9 * FREQUENCIES * numbers
    return 0.05 + visits * row + steps * (6e-4 + 3e-9 * weights)


REALMLP = Learner(
    name="realmlp",
    label="Perceptron with numeric embeddings",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        scaling=("robust", "quantile", "standard"),
        encoding=("native", "target", "onehot"),
        imputation=("median", "mean"),
        directions=128,
    ),
    limits=LearnerLimits(max_columns=2_000),
    early_stopping=True,
    anytime=True,
    resembles="mlp",
    passes="epochs",
    least_operations=network_operations,
    varies=always_varies,
)

"""Convolutional networks as a model family of tables with pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from espalier.pipelines.architectures.cost import NetworkCost, network_cost
from espalier.pipelines.architectures.design import BLOCKS, KERNELS, Design, Stage
from espalier.pipelines.architectures.recipe import Augmentation, Recipe
from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.neural.convnet import ConvNet
from espalier.pipelines.learners.neural.training_space import add_optimisers, recipe_by
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

SIDES = (16, 24, 32, 48, 64)
"""Sides that pictures may be scaled to, as far as they are kept at that side."""
# Seconds of one core for the training of one row by what its network computes.
_SECONDS_AN_OPERATION, _SECONDS_A_CELL = 1.2e-10, 2.5e-9
_SECONDS_A_DEPTHWISE, _SECONDS_A_STEP = 1.0e-9, 4e-3
_START_SECONDS = 2.0
# MiB that PyTorch itself takes, and bytes of a number of a map with its gradient and copies.
_TORCH_MB, _CELL_BYTES = 300.0, 16.0
_MANY_ROWS = 3_000
SMALL_SHARE = 0.5
"""Share of a training that sees the pictures smaller; docs/decisions/0124 has what it is worth."""

KINDS: Mapping[str, Stage] = {
    f"{block} {kernel}": Stage(block, kernel, 1) for block in BLOCKS for kernel in KERNELS
}
"""What the later stages of a network that mixes kinds of blocks may be, by its name."""
NO_STAGE = "none"
MOST_DEPTH, MOST_STAGES = 4, 4


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters: what network, how it is trained, how pictures are changed."""
    from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, InCondition
    from ConfigSpace import Integer as Whole

    made = ConfigurationSpace()
    # Blocks without a way around them learn most in the few epochs that a minute has.
    block: Any = Categorical(
        "block", ["plain", "residual", "bottleneck", "inverted", "depthwise"], default="plain"
    )
    expansion: Any = Whole("expansion", (2, 6), default=3)
    skip: Any = Categorical("skip", [True, False], default=True)
    mixed: Any = Categorical("mixed", [False, True], default=False)
    stages: Any = Whole("stages", (2, MOST_STAGES), default=3)
    kinds = list(KINDS)
    later: list[Any] = [
        Categorical("stage_2", kinds, default=kinds[0]),
        *(
            Categorical(f"stage_{number}", [*kinds, NO_STAGE], default=default)
            for number, default in ((3, kinds[0]), (4, NO_STAGE))
        ),
        *(Whole(f"depth_{number}", (1, MOST_DEPTH), default=2) for number in (2, 3, 4)),
    ]
    sides = [side for side in SIDES if side < shape.pixel_side] + [max(shape.pixel_side, 1)]
    made.add(
        [
            block,
            mixed,
            stages,
            EqualsCondition(stages, mixed, False),
            *later,
            *(EqualsCondition(each, mixed, True) for each in later),
            Whole("depth", (1, MOST_DEPTH), default=2),
            Whole("width", (8, 64), log=True, default=16),
            Float("growth", (1.4, 2.0), default=2.0),
            Categorical("kernel", list(KERNELS), default=3),
            expansion,
            InCondition(expansion, block, ["bottleneck", "inverted"]),
            Categorical("squeeze", [False, True], default=False),
            Categorical("activation", ["relu", "hardswish", "silu"], default="relu"),
            Categorical("norm", ["batch", "group"], default="batch"),
            skip,
            InCondition(skip, block, ["residual", "bottleneck", "inverted", "depthwise"]),
            Whole("hidden", (0, 128), default=0),
            Float("compound", (-1.0, 2.0), default=0.0),
        ]
    )
    if len(sides) > 1:
        made.add(Categorical("side", sides, default=sides[-1]))
    add_optimisers(made)
    mixes: Any = Categorical("mixes", [False, True], default=False)
    mixup: Any = Float("mixup", (0.1, 1.0), log=True, default=0.2)
    covers: Any = Categorical("covers", [False, True], default=False)
    cutout: Any = Float("cutout", (0.15, 0.6), default=0.3)
    made.add(
        [
            Categorical("schedule", ["cosine", "linear", "steps"], default="cosine"),
            Whole("batch_size", (8, 256), log=True, default=default_batch(shape)),
            Whole("epochs", (5, 120), log=True, default=default_epochs(shape)),
            Float("dropout", (0.0, 0.5), default=0.1),
            Categorical("flip", [False, True], default=False),
            Float("distortion", (0.0, 1.0), default=0.3),
            Float("colour", (0.0, 1.0), default=0.2),
            covers,
            cutout,
            EqualsCondition(cutout, covers, True),
            mixes,
            mixup,
            EqualsCondition(mixup, mixes, True),
        ]
    )
    if shape.problem.is_classification:
        made.add(Float("label_smoothing", (0.0, 0.2), default=0.05))
    return made


def default_epochs(shape: DatasetShape) -> int:
    """Return the default number of epochs: more where each has few steps."""
    return 40 if shape.n_rows <= _MANY_ROWS else 25


def default_batch(shape: DatasetShape) -> int:
    """Return the default rows of a step."""
    return 16 if shape.n_rows <= _MANY_ROWS else 32


def design_of(values: Mapping[str, Value], shape: DatasetShape) -> Design:
    """Return the network that a configuration describes."""
    texts = cast("Mapping[str, Any]", values)
    later = _later_stages(values)
    return Design(
        block=texts["block"],
        stages=int(values.get("stages", 1)),
        depth=int(values["depth"]),
        width=int(values["width"]),
        growth=float(values["growth"]),
        kernel=int(values["kernel"]),
        expansion=int(values.get("expansion", 3)),
        squeeze=bool(values["squeeze"]),
        activation=texts["activation"],
        norm=texts["norm"],
        # Later stages may have ways around their blocks where the first has none.
        skip=bool(values.get("skip", bool(later))),
        # A handful of units is a bottleneck of the answer, not a layer.
        hidden=int(values["hidden"]) if int(values["hidden"]) >= 16 else 0,
        side=int(values.get("side", shape.pixel_side)),
        compound=float(values["compound"]),
        later=later,
    )


def _later_stages(values: Mapping[str, Value]) -> tuple[Stage, ...]:
    """Return the stages after the first where each has a kind of its own; else none."""
    if not values.get("mixed", False):
        return ()
    found: list[Stage] = []
    for number in range(2, MOST_STAGES + 1):
        name = str(values[f"stage_{number}"])
        if name == NO_STAGE:
            break
        found.append(replace(KINDS[name], depth=int(values[f"depth_{number}"])))
    return tuple(found)


def values_of(stages: Sequence[Stage]) -> dict[str, Value]:
    """Return the hyperparameters that make a network of these two to four stages."""
    first, *later = stages
    made: dict[str, Value] = {
        "mixed": True,
        "block": first.block,
        "kernel": first.kernel,
        "depth": first.depth,
    }
    for number, stage in enumerate(later, 2):
        made[f"stage_{number}"] = f"{stage.block} {stage.kernel}"
        made[f"depth_{number}"] = stage.depth
    for number in range(len(stages) + 1, MOST_STAGES + 1):
        made[f"stage_{number}"] = NO_STAGE
    return made


def recipe_of(values: Mapping[str, Value]) -> Recipe:
    """Return how a configuration's network is trained."""
    return replace(
        recipe_by(values),
        augmentation=Augmentation(
            flip=bool(values["flip"]),
            distortion=float(values["distortion"]),
            colour=float(values["colour"]),
            cutout=float(values.get("cutout", 0.0)),
            mixup=float(values.get("mixup", 0.0)),
        ),
        small_share=SMALL_SHARE,
    )


def build(values: Mapping[str, Value], context: BuildContext) -> ConvNet:
    """Return an untrained network of these hyperparameters."""
    return ConvNet(
        design_of(values, context.shape),
        recipe_of(values),
        stop_after=context.iterations,
        classification=context.shape.problem.is_classification,
        seed=context.seed,
        n_threads=context.n_threads,
    )


def cost_of(values: Mapping[str, Value], shape: DatasetShape) -> NetworkCost:
    """Return parameters and operations of a configuration's network, without training it."""
    network = design_of(values, shape).network(
        max(2, shape.n_classes) if shape.problem.is_classification else 1,
        largest_side=max(1, shape.pixel_side),
        n_pictures=max(1, shape.n_pixels),
    )
    return network_cost(network)


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to train once on one core."""
    cost, epochs = cost_of(values, shape), float(values["epochs"])
    row = (
        _SECONDS_AN_OPERATION * (cost.operations - cost.depthwise)
        + _SECONDS_A_DEPTHWISE * cost.depthwise
        + _SECONDS_A_CELL * cost.cells
    )
    steps = shape.n_rows / float(values["batch_size"])
    return _START_SECONDS + epochs * (shape.n_rows * row + steps * _SECONDS_A_STEP)


def expected_mb(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return MiB that training takes: PyTorch, the maps of a batch, and the pixels twice."""
    cost = cost_of(values, shape)
    maps = _CELL_BYTES * float(values["batch_size"]) * cost.cells
    pixels = 2.0 * shape.n_rows * shape.n_pixels * 3 * shape.pixel_side**2
    return _TORCH_MB + (maps + pixels) / 2**20


def least_operations(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return multiplications and additions for one row, which the configuration tells."""
    return 2.0 * cost_of(values, shape).operations


CONVNET = Learner(
    name="convnet",
    label="Convolutional network",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        imputation=("median",), construction=False, selection=False, pixels=True
    ),
    early_stopping=True,
    anytime=True,
    packages=("onnxruntime",),
    inherits=True,
    least_operations=least_operations,
    expected_mb=expected_mb,
)

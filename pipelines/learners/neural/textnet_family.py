"""Networks on the tokens of texts as a model family of tables with columns of texts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from espalier.pipelines.architectures.cost import NetworkCost
from espalier.pipelines.architectures.tokens.arrays import MOST_TOKENS
from espalier.pipelines.architectures.tokens.cost import text_network_cost
from espalier.pipelines.architectures.tokens.design import TEXT_BLOCKS, VECTORS, TextDesign
from espalier.pipelines.architectures.tokens.layers import POOLINGS
from espalier.pipelines.architectures.tokens.lexicon import n_tokens
from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.learners.neural.textnet import TextNet
from espalier.pipelines.learners.neural.training_space import add_optimisers, recipe_by
from espalier.pipelines.preprocessing.traits import PreprocessingTraits
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.trials.configuration import Value

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

WIDTHS = (32, 64, 128, 256)
"""Numbers of a token's vector; the table has 256."""
_LEAST_TOKENS = 16
_CHARACTERS_A_TOKEN = 4.5
# Texts differ in length: those twice as long as the mean are to be seen whole.
_LONGER = 2.0
# A text of n tokens in all has about so many different ones: words come back (Heaps 1978).
_HEAPS_FACTOR, _HEAPS_POWER = 8.0, 0.6
# Seconds of one core for the training of one row by what its network computes, and of one step.
_SECONDS_AN_OPERATION, _SECONDS_A_CELL = 1.2e-10, 2.5e-9
_SECONDS_A_STEP, _SECONDS_A_LEARNED_NUMBER = 3e-3, 3e-9
_SECONDS_A_TURN = 6e-5
_START_SECONDS = 2.0
# MiB that PyTorch itself takes, and bytes of a number of a map with its gradient and copies.
_TORCH_MB, _CELL_BYTES, _WEIGHT_BYTES = 300.0, 16.0, 24.0
_MANY_ROWS = 3_000


def space(shape: DatasetShape) -> "ConfigurationSpace":
    """Return the hyperparameters: what network, and how it is trained."""
    from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, InCondition
    from ConfigSpace import Integer as Whole

    made = ConfigurationSpace()
    block: Any = Categorical("block", list(TEXT_BLOCKS), default="convolution")
    layered = ["convolution", "recurrent"]
    depth: Any = Whole("depth", (1, 3), default=1)
    channels: Any = Whole("channels", (16, 256), log=True, default=64)
    kernel: Any = Whole("kernel", (1, 5), default=2)
    windows: Any = Whole("windows", (1, 3), default=3)
    skip: Any = Categorical("skip", [True, False], default=True)
    direct: Any = Categorical("direct", [True, False], default=True)
    has_pairs: Any = Categorical("has_pairs", [True, False], default=True)
    pairs: Any = Whole("pairs", (1_000, 50_000), log=True, default=8_000)
    most: Any = Whole(
        "tokens", (_LEAST_TOKENS, MOST_TOKENS), log=True, default=default_tokens(shape)
    )
    made.add([block, depth, channels, kernel, windows, skip, direct, has_pairs, pairs, most])
    made.add([InCondition(each, block, layered) for each in (depth, channels, skip, direct)])
    made.add([EqualsCondition(each, block, "convolution") for each in (kernel, windows)])
    made.add(EqualsCondition(has_pairs, block, "ngrams"))
    made.add(EqualsCondition(pairs, has_pairs, True))
    made.add(
        [
            Categorical("vectors", list(VECTORS), default="tuned"),
            Categorical("width", list(WIDTHS), default=128),
            Categorical("pooling", list(POOLINGS), default="max"),
            Whole("hidden", (0, 256), default=0),
            Categorical("activation", ["relu", "silu"], default="relu"),
            Float("blanked", (0.0, 0.5), default=0.1),
            Float("dropout", (0.0, 0.7), default=0.4),
            Categorical("schedule", ["cosine", "linear", "steps"], default="cosine"),
            Whole("batch_size", (8, 256), log=True, default=default_batch(shape)),
            Whole("epochs", (3, 60), log=True, default=default_epochs(shape)),
        ]
    )
    add_optimisers(made, rates=(2e-4, 3e-2), rate=2e-3)
    if shape.problem.is_classification:
        made.add(Float("label_smoothing", (0.0, 0.2), default=0.05))
    return made


def default_tokens(shape: DatasetShape) -> int:
    """Return the default number of tokens of a text: nearly all texts are seen whole."""
    usual = _LONGER * shape.text_length / max(shape.n_text, 1) / _CHARACTERS_A_TOKEN
    return min(MOST_TOKENS, max(2 * _LEAST_TOKENS, round(usual)))


def default_epochs(shape: DatasetShape) -> int:
    """Return the default number of epochs: more where each has few steps."""
    return 16 if shape.n_rows <= _MANY_ROWS else 8


def default_batch(shape: DatasetShape) -> int:
    """Return the default rows of a step."""
    return 16 if shape.n_rows <= _MANY_ROWS else 32


def design_of(values: Mapping[str, Value]) -> TextDesign:
    """Return the network that a configuration describes."""
    texts = cast("Mapping[str, Any]", values)
    # A handful of units is a bottleneck of the answer, not a layer.
    hidden = int(values["hidden"]) if int(values["hidden"]) >= 16 else 0
    return TextDesign(
        block=texts["block"],
        vectors=texts["vectors"],
        width=int(values["width"]),
        most_tokens=int(values["tokens"]),
        pairs=int(values.get("pairs", 0)),
        depth=int(values.get("depth", 1)),
        channels=int(values.get("channels", 0)),
        kernel=int(values.get("kernel", 1)),
        windows=int(values.get("windows", 1)),
        skip=bool(values.get("skip", False)),
        pooling=texts["pooling"],
        direct=bool(values.get("direct", False)),
        hidden=hidden,
        activation=texts["activation"],
    )


def build(values: Mapping[str, Value], context: BuildContext) -> TextNet:
    """Return an untrained network of these hyperparameters."""
    return TextNet(
        design_of(values),
        recipe_by(values),
        blanked=float(values["blanked"]),
        stop_after=context.iterations,
        classification=context.shape.problem.is_classification,
        seed=context.seed,
        n_threads=context.n_threads,
    )


def cost_of(values: Mapping[str, Value], shape: DatasetShape) -> NetworkCost:
    """Return parameters and operations of a configuration's network, without training it.

    The number of tokens that training rows will have is a guess by their length.
    """
    design = design_of(values)
    held = 0 if design.vectors == "own" else n_tokens()
    return text_network_cost(_network(design, shape), held + learned_vectors(values, shape))


def learned_vectors(values: Mapping[str, Value], shape: DatasetShape) -> int:
    """Return about how many tokens get a vector of their own."""
    if values["vectors"] == "frozen":
        return 0
    seen = min(shape.text_length / _CHARACTERS_A_TOKEN, float(values["tokens"]) * shape.n_text)
    guess = _HEAPS_FACTOR * (max(shape.n_rows, 1) * max(seen, 1.0)) ** _HEAPS_POWER
    return min(n_tokens(), round(guess))


def expected_seconds(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return seconds to train once on one core."""
    design = design_of(values)
    usual = shape.text_length / max(shape.n_text, 1) / _CHARACTERS_A_TOKEN
    seen = max(1, min(design.most_tokens, round(_LONGER * usual)))  # as long as the longest
    cost = text_network_cost(_network(replace(design, most_tokens=seen), shape), 0)
    row = 3.0 * _SECONDS_AN_OPERATION * cost.operations + _SECONDS_A_CELL * cost.cells
    step = _SECONDS_A_STEP + _SECONDS_A_LEARNED_NUMBER * design.width * (
        learned_vectors(values, shape) + design.pairs
    )
    if design.block == "recurrent":
        step += 2 * _SECONDS_A_TURN * design.depth * seen
    steps = shape.n_rows / float(values["batch_size"])
    return _START_SECONDS + float(values["epochs"]) * (shape.n_rows * row + steps * step)


def expected_mb(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return MiB that training takes: PyTorch, the maps of a batch, the tokens and the vectors."""
    cost = cost_of(values, shape)
    maps = _CELL_BYTES * float(values["batch_size"]) * cost.cells
    tokens = 4.0 * shape.n_rows * shape.n_text * MOST_TOKENS
    return _TORCH_MB + (maps + tokens + _WEIGHT_BYTES * cost.parameters) / 2**20


def least_operations(values: Mapping[str, Value], shape: DatasetShape) -> float:
    """Return multiplications and additions for one row, which the configuration tells."""
    return 2.0 * cost_of(values, shape).operations


def _network(design: TextDesign, shape: DatasetShape) -> Any:
    n_outputs = max(2, shape.n_classes) if shape.problem.is_classification else 1
    return design.network(n_outputs, n_columns=max(1, shape.n_text))


TEXTNET = Learner(
    name="textnet",
    label="Network on texts",
    problems=frozenset(ProblemKind),
    space=space,
    build=build,
    expected_seconds=expected_seconds,
    preprocessing=PreprocessingTraits(
        imputation=("median",), construction=False, selection=False, tokens=True
    ),
    early_stopping=True,
    anytime=True,
    packages=("onnxruntime",),
    least_operations=least_operations,
    expected_mb=expected_mb,
    by_default=False,
)

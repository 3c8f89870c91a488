"""A trained network as the bytes of an ONNX file, which need no PyTorch to be run."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.forward import EPSILON
from espalier.pipelines.architectures.layers import (
    COLOURS,
    GROUP_CHANNELS,
    Activation,
    Convolution,
    Dense,
    Gate,
    MeanPool,
    Network,
    Normalisation,
    Step,
    Sum,
)
from espalier.pipelines.architectures.weights import Array, Weights

PIXELS, ANSWERS = "pixels", "answers"
"""Names of the input (uint8, shape (n_rows * n_pictures, side, side, 3)) and of the output."""
OPSET, IR_VERSION = 17, 8


@dataclass(frozen=True, slots=True, eq=False)
class Colours:
    """Mean and spread of the colours of training pictures.

    Attributes
    ----------
    mean, spread : array of float32, shape (3,)
        In units of the pixels, 0 to 255.
    """

    mean: Array
    spread: Array

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> "Colours":
        """Return those of pictures, shape (..., 3)."""
        flat = pixels.reshape(-1, COLOURS)
        mean = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = flat.std(axis=0, dtype=np.float64).astype(np.float32)
        return cls(mean, np.maximum(spread, np.float32(1.0)))


def onnx_bytes(
    network: Network,
    weights: Weights,
    colours: Colours,
    *,
    softmax: bool,
) -> bytes:
    """Return the ONNX file of a network.

    Weights keep their names, so that a later training can start from them. The runtime makes batch
    normalisations part of their convolutions when it opens the file.

    Parameters
    ----------
    network, weights
        The network.
    colours : Colours
        Mean and spread by which colours are standardised; part of the graph.
    softmax : bool
        Whether answers are probabilities.
    """
    from onnx import TensorProto, helper

    graph = Graph()
    cast = graph.node("Cast", [PIXELS], to=TensorProto.FLOAT)
    centred = graph.node("Sub", [cast, graph.constant(colours.mean)])
    scaled = graph.node("Div", [centred, graph.constant(colours.spread)])
    values = [graph.node("Transpose", [scaled], perm=[0, 3, 1, 2])]
    for at, step in enumerate(network.steps):
        values.append(_written(graph, step, at, weights, values))
    graph.answer(values[-1], softmax=softmax)
    side = network.side
    shape: list[str | int | None] = ["pictures", side, side, COLOURS]
    return graph.file(
        "convnet",
        helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, shape),
        network.n_outputs,
    )


class Graph:
    """Nodes and constants as they are made."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """Add a node; return the name of its output."""
        from onnx import helper

        name = output or f"value{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def constant(self, values: Any, kind: Any = np.float32, name: str = "") -> str:
        """Add a constant; return its name."""
        from onnx import numpy_helper

        name = name or f"constant{len(self.constants)}"
        array = np.ascontiguousarray(values, dtype=kind)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def answer(self, value: str, *, softmax: bool) -> None:
        """Make a value the graph's answer, as probabilities if ``softmax``."""
        answers = self.node("Softmax", [value], axis=1) if softmax else value
        self.node("Identity", [answers], output=ANSWERS)

    def file(self, name: str, given: Any, n_outputs: int) -> bytes:
        """Return the checked file of the graph, with one input and its answer."""
        from onnx import TensorProto, checker, helper

        answers = helper.make_tensor_value_info(ANSWERS, TensorProto.FLOAT, ["rows", n_outputs])
        made = helper.make_graph(self.nodes, name, [given], [answers], self.constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(made, opset_imports=opset, producer_name="espalier")
        model.ir_version = IR_VERSION
        checker.check_model(model)
        found: bytes = model.SerializeToString()
        return found


def _written(graph: Graph, step: Step, at: int, weights: Weights, values: list[str]) -> str:
    """Add the nodes of step number ``at``; return the name of its value."""
    value = values[step.source]

    def named(what: str) -> str:
        return graph.constant(weights[f"{at}.{what}"], name=f"{at}.{what}")

    if isinstance(step, Convolution):
        return graph.node(
            "Conv",
            [value, named("weight")],
            kernel_shape=[step.kernel] * 2,
            strides=[step.stride] * 2,
            pads=[step.kernel // 2] * 4,
            group=step.groups,
        )
    if isinstance(step, Normalisation):
        if step.kind == "batch":
            inputs = [value, *map(named, ("scale", "shift", "mean", "variance"))]
            return graph.node("BatchNormalization", inputs, epsilon=EPSILON)
        return _group_norm(graph, step, named("scale"), named("shift"), value)
    if isinstance(step, Activation):
        return activation_node(graph, step, value)
    if isinstance(step, Gate):
        means = graph.node("GlobalAveragePool", [value])
        flat = graph.node("Flatten", [means], axis=1)
        down = graph.node("Gemm", [flat, named("down"), named("down_bias")], transB=1)
        inner = graph.node("Relu", [down])
        up = graph.node("Gemm", [inner, named("up"), named("up_bias")], transB=1)
        shares = graph.node("Sigmoid", [up])
        shape = graph.constant([-1, step.channels, 1, 1], np.int64)
        return graph.node("Mul", [value, graph.node("Reshape", [shares, shape])])
    if isinstance(step, Sum):
        return graph.node("Add", [value, values[step.other]])
    if isinstance(step, MeanPool):
        means = graph.node("GlobalAveragePool", [value])
        shape = graph.constant([-1, step.n_pictures * step.channels], np.int64)
        return graph.node("Reshape", [means, shape])
    assert isinstance(step, Dense)
    return graph.node("Gemm", [value, named("weight"), named("bias")], transB=1)


def activation_node(graph: Graph, step: Activation, value: str) -> str:
    """Add the nodes of a nonlinearity; return the name of its value."""
    if step.kind == "relu":
        return graph.node("Relu", [value])
    if step.kind == "hardswish":
        return graph.node("HardSwish", [value])
    return graph.node("Mul", [value, graph.node("Sigmoid", [value])])


def _group_norm(graph: Graph, step: Normalisation, scale: str, shift: str, value: str) -> str:
    """Add a group normalisation: groups of channels as the channels of an instance's."""
    n_groups = step.channels // GROUP_CHANNELS
    shape = graph.node("Shape", [value])
    grouped = graph.node("Reshape", [value, graph.constant([0, n_groups, -1], np.int64)])
    even = graph.node(
        "InstanceNormalization",
        [grouped, graph.constant(np.ones(n_groups)), graph.constant(np.zeros(n_groups))],
        epsilon=EPSILON,
    )
    back = graph.node("Reshape", [even, shape])
    shape_of_channels = graph.constant([1, step.channels, 1, 1], np.int64)
    wide = [graph.node("Reshape", [each, shape_of_channels]) for each in (scale, shift)]
    return graph.node("Add", [graph.node("Mul", [back, wide[0]]), wide[1]])

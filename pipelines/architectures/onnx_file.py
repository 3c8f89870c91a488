"""A trained network as the bytes of an ONNX file, which need no PyTorch to be run."""

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
    Sum,
)
from espalier.pipelines.architectures.weights import Array, Weights

PIXELS, ANSWERS = "pixels", "answers"
"""Names of the input (uint8, shape (n_rows * n_pictures, side, side, 3)) and of the output."""
OPSET, IR_VERSION = 17, 8


def onnx_bytes(
    network: Network,
    weights: Weights,
    colours: "Colours",
    *,
    softmax: bool,
) -> bytes:
    """Return the ONNX file of a network.

    Batch normalisations that follow a convolution become part of it, so the graph is as small and
    quick as can be.

    Parameters
    ----------
    network, weights
        The network.
    colours : Colours
        Mean and spread by which colours are standardised; part of the graph.
    softmax : bool
        Whether answers are probabilities.
    """
    from onnx import TensorProto, checker, helper

    graph = _Graph()
    cast = graph.node("Cast", [PIXELS], to=TensorProto.FLOAT)
    centred = graph.node("Sub", [cast, graph.constant(colours.mean)])
    scaled = graph.node("Div", [centred, graph.constant(colours.spread)])
    values = [graph.node("Transpose", [scaled], perm=[0, 3, 1, 2])]
    folded = _followers(network)
    for at, step in enumerate(network.steps):
        value = values[step.source]
        values.append(_written(graph, network, weights, at, value, values, folded))
    answers = graph.node("Softmax", [values[-1]], axis=1) if softmax else values[-1]
    graph.node("Identity", [answers], output=ANSWERS)
    side = network.side
    shape = ["pictures", side, side, COLOURS]
    made = helper.make_graph(
        graph.nodes,
        "convnet",
        [helper.make_tensor_value_info(PIXELS, TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info(ANSWERS, TensorProto.FLOAT, ["rows", network.n_outputs])],
        graph.constants,
    )
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, opset_imports=opset, producer_name="espalier")
    model.ir_version = IR_VERSION
    checker.check_model(model)
    found: bytes = model.SerializeToString()
    return found


class Colours:
    """Mean and spread of the colours of training pictures, each of shape (3,).

    Parameters
    ----------
    mean, spread : array of float32, shape (3,)
        In units of the pixels, 0 to 255.
    """

    def __init__(self, mean: Array, spread: Array) -> None:
        self.mean = mean
        self.spread = spread

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> "Colours":
        """Return those of pictures, shape (..., 3)."""
        flat = pixels.reshape(-1, COLOURS)
        mean = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = flat.std(axis=0, dtype=np.float64).astype(np.float32)
        return cls(mean, np.maximum(spread, np.float32(1.0)))


class _Graph:
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

    def constant(self, values: Any, kind: Any = np.float32) -> str:
        """Add a constant; return its name."""
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        array = np.ascontiguousarray(values, dtype=kind)
        self.constants.append(numpy_helper.from_array(array, name))
        return name


def _followers(network: Network) -> dict[int, int]:
    """Return the batch normalisation that is folded into each convolution, by step numbers."""
    return {
        step.source - 1: at
        for at, step in enumerate(network.steps)
        if isinstance(step, Normalisation)
        and step.kind == "batch"
        and step.source
        and isinstance(network.steps[step.source - 1], Convolution)
    }


def _written(
    graph: _Graph,
    network: Network,
    weights: Weights,
    at: int,
    value: str,
    values: list[str],
    folded: dict[int, int],
) -> str:
    """Add the nodes of one step; return the name of its value."""
    step = network.steps[at]
    if isinstance(step, Convolution):
        kernel = weights[f"{at}.weight"]
        inputs = [value]
        if at in folded:
            scale, shift = folded_batch_norm(weights, folded[at])
            inputs += [
                graph.constant(kernel * scale[:, None, None, None]),
                graph.constant(shift),
            ]
        else:
            inputs.append(graph.constant(kernel))
        return graph.node(
            "Conv",
            inputs,
            kernel_shape=[step.kernel] * 2,
            strides=[step.stride] * 2,
            pads=[step.kernel // 2] * 4,
            group=step.groups,
        )
    if isinstance(step, Normalisation):
        if step.kind == "batch":
            return value  # part of the convolution before it
        return _group_norm(graph, step, weights, at, value)
    if isinstance(step, Activation):
        return _activation(graph, step, value)
    if isinstance(step, Gate):
        means = graph.node("GlobalAveragePool", [value])
        flat = graph.node("Flatten", [means], axis=1)
        inner = graph.node("Relu", [_dense(graph, weights, f"{at}.down", flat)])
        shares = graph.node("Sigmoid", [_dense(graph, weights, f"{at}.up", inner)])
        shape = graph.constant([-1, step.channels, 1, 1], np.int64)
        return graph.node("Mul", [value, graph.node("Reshape", [shares, shape])])
    if isinstance(step, Sum):
        return graph.node("Add", [value, values[step.other]])
    if isinstance(step, MeanPool):
        means = graph.node("GlobalAveragePool", [value])
        shape = graph.constant([-1, step.n_pictures * step.channels], np.int64)
        return graph.node("Reshape", [means, shape])
    assert isinstance(step, Dense)
    matrix, bias = graph.constant(weights[f"{at}.weight"]), graph.constant(weights[f"{at}.bias"])
    return graph.node("Gemm", [value, matrix, bias], transB=1)


def folded_batch_norm(weights: Weights, at: int) -> tuple[Array, Array]:
    """Return a batch normalisation after training as a factor and an addend of each channel."""
    spread = np.sqrt(weights[f"{at}.variance"] + np.float32(EPSILON))
    scale = weights[f"{at}.scale"] / spread
    return scale, weights[f"{at}.shift"] - weights[f"{at}.mean"] * scale


def _dense(graph: _Graph, weights: Weights, name: str, value: str) -> str:
    matrix, bias = graph.constant(weights[name]), graph.constant(weights[f"{name}_bias"])
    return graph.node("Gemm", [value, matrix, bias], transB=1)


def _activation(graph: _Graph, step: Activation, value: str) -> str:
    if step.kind == "relu":
        return graph.node("Relu", [value])
    if step.kind == "hardswish":
        return graph.node("HardSwish", [value])
    return graph.node("Mul", [value, graph.node("Sigmoid", [value])])


def _group_norm(graph: _Graph, step: Normalisation, weights: Weights, at: int, value: str) -> str:
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
    scale, shift = weights[f"{at}.scale"], weights[f"{at}.shift"]
    scaled = graph.node("Mul", [back, graph.constant(scale[:, None, None])])
    return graph.node("Add", [scaled, graph.constant(shift[:, None, None])])

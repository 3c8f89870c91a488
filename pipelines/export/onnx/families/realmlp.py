"""The perceptron with numeric embeddings, in float32 as it was trained."""

import math

import numpy as np

from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.functions import softmax
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.learners.neural.activations import MISH_FAR, SELU_LEFT, SELU_SCALE
from espalier.pipelines.learners.neural.columns import ColumnKinds
from espalier.pipelines.learners.neural.realmlp import TabularPerceptron


def realmlp_probabilities(matrix: Matrix, model: TabularPerceptron) -> Tensor:
    """Return the networks' mean probabilities, float64 (n_rows, n_classes)."""
    graph = matrix.graph
    parts = [softmax(graph, graph.cast(each, np.float64)) for each in _outputs(matrix, model)]
    return graph.op("Div", graph.add(*parts), np.float64(len(parts)))


def realmlp_values(matrix: Matrix, model: TabularPerceptron) -> Tensor:
    """Return the networks' mean value within the range seen, float64 (n_rows, 1)."""
    graph = matrix.graph
    parts = [graph.cast(each, np.float64) for each in _outputs(matrix, model)]
    values = graph.op("Div", graph.add(*parts), np.float64(len(parts)))
    values = graph.op("Mul", values, np.float64(model.spread_))
    values = graph.op("Add", values, np.float64(model.center_))
    return graph.op("Clip", values, np.float64(model.low_), np.float64(model.high_))


def _outputs(matrix: Matrix, model: TabularPerceptron) -> list[Tensor]:
    """Return the outputs of the last layer of each network, float32."""
    graph, shape = matrix.graph, model.network_.shape
    values = model.network_.parameters.values
    made = []
    for network in range(shape.n_networks):
        hidden = graph.op("Mul", _inputs(matrix, model, network), values["scale"][network])
        for layer in range(shape.depth + 1):
            weight = values[f"weight {layer}"][network]
            weight = weight * np.float32(1 / math.sqrt(weight.shape[0]))
            hidden = graph.op("MatMul", hidden, weight)
            hidden = graph.op("Add", hidden, values[f"bias {layer}"][network].copy())
            if layer < shape.depth:
                bent = graph.op("Sub", _activated(graph, hidden, shape.activation), hidden)
                bent = graph.op("Mul", bent, values[f"strength {layer}"][network].copy())
                hidden = graph.op("Add", hidden, bent)
        made.append(hidden)
    return made


def _inputs(matrix: Matrix, model: TabularPerceptron, network: int) -> Tensor:
    """Return the inputs of the first layer of one network, before their scale."""
    graph, kinds, shape = matrix.graph, model.kinds_, model.network_.shape
    values = model.network_.parameters.values
    dense = _dense(matrix, kinds)
    parts: list[Tensor] = []
    if shape.n_embedded:
        numbers = graph.op(
            "Unsqueeze", graph.take(dense, np.arange(shape.n_embedded)), np.array([2])
        )
        # Shapes: frequency and phase (e, 1, f), mix (e, f, m), shift (e, 1, m).
        frequency = values["frequency"][network] * np.float32(2 * np.pi)
        angle = graph.op("Mul", numbers, np.ascontiguousarray(frequency[None, :, 0, :]))
        angle = graph.op("Add", angle, values["phase"][network][None, :, 0, :].copy())
        wave = graph.op("Unsqueeze", graph.op("Cos", angle), np.array([2]))
        mixed = graph.op("MatMul", wave, values["mix"][network][None].copy())
        mixed = graph.op("Add", mixed, values["shift"][network][None].copy())
        width = shape.n_embedded * values["mix"].shape[-1]
        parts.append(graph.op("Reshape", mixed, np.array([0, width])))
    parts.append(dense)
    if len(kinds.codes):
        largest = np.array(kinds.levels, dtype=np.int64) - 1
        codes = graph.cast(graph.take(matrix.tensor, kinds.codes), np.int64)
        codes = graph.op("Max", graph.op("Min", codes, largest[None, :]), np.array([0]))
        first = np.cumsum([0, *kinds.levels[:-1]])
        places = graph.op("Add", codes, first[None, :])
        found = graph.op("Gather", values["levels"][network].copy(), places)
        width = len(kinds.codes) * shape.level_size
        parts.append(graph.op("Reshape", found, np.array([0, width])))
    return graph.join(parts)


def _dense(matrix: Matrix, kinds: ColumnKinds) -> Tensor:
    """Return numbers, then marks brought to about one unit on both sides."""
    graph = matrix.graph
    parts = [graph.take(matrix.tensor, kinds.numbers)] if len(kinds.numbers) else []
    if len(kinds.others):
        marks = graph.op("Sub", graph.take(matrix.tensor, kinds.others), kinds.middle[None, :])
        marks = graph.op("Div", marks, kinds.spread[None, :])
        third = graph.op("Div", marks, np.float32(3.0))
        square = graph.op("Add", np.float32(1.0), graph.op("Mul", third, third))
        parts.append(graph.op("Div", marks, graph.op("Sqrt", square)))
    return graph.join(parts)


def _activated(graph: Graph, x: Tensor, name: str) -> Tensor:
    zero = np.zeros(1, dtype=np.float32)
    if name == "selu":
        left = graph.op("Mul", graph.op("Exp", graph.op("Min", x, zero)), SELU_LEFT)
        left = graph.op("Sub", left, SELU_LEFT)
        return graph.op("Where", graph.op("Greater", x, zero), graph.op("Mul", x, SELU_SCALE), left)
    grown = graph.op("Exp", graph.op("Min", x, np.array([MISH_FAR])))
    top = graph.op("Mul", grown, graph.op("Add", grown, np.float32(2.0)))
    return graph.op("Mul", x, graph.op("Div", top, graph.op("Add", top, np.float32(2.0))))

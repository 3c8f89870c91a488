"""The multilayer perceptron, in float32 as it was trained."""

import numpy as np

from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.functions import softmax
from espalier.pipelines.export.onnx.graph.graph import Tensor
from espalier.pipelines.learners.families.mlp import Perceptron
from espalier.pipelines.learners.losses.network_losses import LARGEST_LOG, LogDeviance


def perceptron_probabilities(matrix: Matrix, model: Perceptron) -> Tensor:
    """Return probabilities, float64 (n_rows, n_classes)."""
    logits = matrix.graph.cast(_outputs(matrix, model), np.float64)
    return softmax(matrix.graph, logits)


def perceptron_values(matrix: Matrix, model: Perceptron) -> Tensor:
    """Return values within the range seen in training, float64 (n_rows, 1)."""
    graph = matrix.graph
    values = graph.cast(_outputs(matrix, model), np.float64)
    if isinstance(getattr(model, "loss", None), LogDeviance):
        most = np.float64(LARGEST_LOG)
        values = graph.op("Exp", graph.op("Clip", values, -most, most))
    values = graph.op("Mul", values, np.float64(model.spread_))
    values = graph.op("Add", values, np.float64(model.center_))
    return graph.op("Clip", values, np.float64(model.low_), np.float64(model.high_))


def _outputs(matrix: Matrix, model: Perceptron) -> Tensor:
    """Return the outputs of the last layer, float32."""
    graph, network = matrix.graph, model.network_
    hidden = graph.op("Mul", matrix.tensor, network.scale[None, :])
    for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        hidden = graph.op("Add", graph.op("MatMul", hidden, weight), bias[None, :])
        if network.bends(layer):
            hidden = graph.op("Relu", hidden)
    return hidden

"""Gaussian classifiers: naive Bayes and discriminant analysis, in float64."""

import numpy as np
from scipy.linalg import solve_triangular

from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.functions import row_sum, softmax
from espalier.pipelines.export.onnx.graph.graph import Tensor
from espalier.pipelines.learners.families.bayes import GaussianClassifier


def bayes_probabilities(matrix: Matrix, model: GaussianClassifier) -> Tensor:
    """Return probabilities, float64 (n_rows, n_classes)."""
    graph = matrix.graph
    scores = _diagonal(matrix, model) if model.covariance == "diagonal" else _full(matrix, model)
    return softmax(graph, graph.op("Div", scores, np.float64(model.temperature_)))


def _diagonal(matrix: Matrix, model: GaussianClassifier) -> Tensor:
    graph, x = matrix.graph, matrix.doubles
    scores = []
    for mean, variance, log_prior in zip(
        model.means_, model.variances_, model.log_prior_, strict=True
    ):
        shifted = graph.op("Sub", x, mean[None, :])
        square = graph.op("Div", graph.op("Mul", shifted, shifted), variance[None, :])
        volume = float(np.log(variance).sum())
        scores.append(_score(matrix, row_sum(graph, square), log_prior, volume))
    return graph.join(scores)


def _full(matrix: Matrix, model: GaussianClassifier) -> Tensor:
    """Return scores with full covariances: distances are lengths after a triangular map."""
    graph, x = matrix.graph, matrix.doubles
    scores = []
    for code, (mean, log_prior) in enumerate(zip(model.means_, model.log_prior_, strict=True)):
        (factor, _), volume = model.factors_[min(code, len(model.factors_) - 1)]
        inverse = solve_triangular(factor, np.eye(len(mean)), lower=True)
        shifted = graph.op("Sub", x, mean[None, :])
        mapped = graph.op("MatMul", shifted, np.ascontiguousarray(inverse.T))
        distance = row_sum(graph, graph.op("Mul", mapped, mapped))
        scores.append(_score(matrix, distance, log_prior, volume))
    return graph.join(scores)


def _score(matrix: Matrix, distance: Tensor, log_prior: float, volume: float) -> Tensor:
    """Return log prior plus log density, up to a constant, (n_rows, 1)."""
    halved = matrix.graph.op("Mul", distance, np.float64(-0.5))
    return matrix.graph.op("Add", halved, np.float64(log_prior - 0.5 * volume))

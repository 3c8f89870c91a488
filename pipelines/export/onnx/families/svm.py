"""Support vector machines and linear models on landmarks of their kernel, in float64."""

from typing import Any

import numpy as np

from espalier.pipelines.export.onnx.families.linear import affine, logistic
from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.features.steps import nystroem
from espalier.pipelines.export.onnx.graph.functions import squared_distances
from espalier.pipelines.export.onnx.graph.graph import Tensor
from espalier.pipelines.learners.families.svm import KernelClassifier, KernelRegressor


def kernel_probabilities(matrix: Matrix, model: KernelClassifier) -> Tensor:
    """Return probabilities, float64 (n_rows, n_classes)."""
    if model.calibration_ is None:
        return logistic(matrix, _on_landmarks(matrix, model.model_), model.model_["model"])
    return logistic(matrix, _margin(matrix, model.model_), model.calibration_)


def kernel_values(matrix: Matrix, model: KernelRegressor) -> Tensor:
    """Return values, float64 (n_rows, 1)."""
    if model.exact:
        return _margin(matrix, model.model_)
    ridge = model.model_["model"]
    x = _on_landmarks(matrix, model.model_)
    return affine(matrix, x, np.atleast_2d(ridge.coef_), ridge.intercept_)


def _margin(matrix: Matrix, machine: Any) -> Tensor:
    """Return the decision of a machine of two classes, or the value of a regressor."""
    graph = matrix.graph
    distances = squared_distances(graph, matrix.doubles, np.asarray(machine.support_vectors_))
    kernel = graph.op("Exp", graph.op("Mul", distances, np.float64(-machine.gamma)))
    return affine(matrix, kernel, np.asarray(machine.dual_coef_), machine.intercept_)


def _on_landmarks(matrix: Matrix, pipeline: Any) -> Tensor:
    """Return standardised kernel features."""
    graph, scale = matrix.graph, pipeline["scale"]
    x = nystroem(graph, matrix.doubles, pipeline["landmarks"])
    x = graph.op("Sub", x, scale.mean_.astype(np.float64)[None, :])
    return graph.op("Div", x, scale.scale_.astype(np.float64)[None, :])

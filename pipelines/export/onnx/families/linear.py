"""Penalised linear models, in float64."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.functions import sigmoid, softmax
from espalier.pipelines.export.onnx.graph.graph import Tensor


def logistic_probabilities(matrix: Matrix, model: Any) -> Tensor:
    """Return probabilities of a fitted ``LogisticRegression``, float64 (n_rows, n_classes)."""
    return logistic(matrix, matrix.doubles, model)


def logistic(matrix: Matrix, x: Tensor, model: Any) -> Tensor:
    """Return probabilities of a fitted ``LogisticRegression`` on float64 ``x``."""
    logits = affine(matrix, x, model.coef_, model.intercept_)
    if len(model.coef_) == 1:
        return sigmoid(matrix.graph, logits)
    return softmax(matrix.graph, logits)


def linear_values(matrix: Matrix, model: Any) -> Tensor:
    """Return values of a fitted model with ``coef_`` and ``intercept_``, float64 (n_rows, 1)."""
    return affine(matrix, matrix.doubles, np.atleast_2d(model.coef_), model.intercept_)


def log_linear_values(matrix: Matrix, model: Any) -> Tensor:
    """Return exp of a fitted linear model, float64 (n_rows, 1)."""
    return matrix.graph.op("Exp", linear_values(matrix, model))


def affine(matrix: Matrix, x: Tensor, weights: NDArray[Any], bias: Any) -> Tensor:
    """Return ``x @ weights.T + bias``, float64 (n_rows, n_outputs)."""
    graph = matrix.graph
    product = graph.op("MatMul", x, np.ascontiguousarray(weights.T, dtype=np.float64))
    return graph.op("Add", product, np.asarray(bias, dtype=np.float64).reshape(1, -1))


def bounded(matrix: Matrix, values: Tensor, model: Any) -> Tensor:
    """Return what a `BoundedRegressor` makes of its regressor's values."""
    graph = matrix.graph
    values = graph.op("Mul", values, np.float64(model.scale_))
    values = graph.op("Add", values, np.float64(model.center_))
    return graph.op("Clip", values, np.float64(model.low_), np.float64(model.high_))

"""What follows the ensemble: calibration, the threshold, intervals and the floor of values."""

from typing import Any

import numpy as np

from espalier.pipelines.calibration.adjustments import Adjustments
from espalier.pipelines.calibration.calibrators import (
    FLOOR,
    BetaCalibrator,
    IsotonicCalibrator,
    TemperatureCalibrator,
)
from espalier.pipelines.calibration.intervals import Intervals, ResidualScale
from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.graph.functions import (
    interpolate,
    sigmoid,
    softmax,
    two_classes,
)
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor


def calibrated(graph: Graph, probabilities: Tensor, calibrator: Any, n_classes: int) -> Tensor:
    """Return calibrated probabilities, float64 (n_rows, K).

    Raises
    ------
    CannotExportError
        The calibrator is of another class than those of Espalier.
    """
    if calibrator is None:
        return probabilities
    if isinstance(calibrator, IsotonicCalibrator):
        at, value = np.asarray(calibrator.at), np.asarray(calibrator.value)
        positive = interpolate(graph, graph.take(probabilities, [1]), at, value)
        return two_classes(graph, positive)
    clipped = graph.op("Clip", probabilities, np.float64(0.0), np.float64(1.0))
    kept = graph.op("Mul", clipped, np.float64(1.0 - n_classes * FLOOR))
    logs = graph.op("Log", graph.op("Add", kept, np.float64(FLOOR)))
    if isinstance(calibrator, BetaCalibrator):
        slopes = np.array([[-calibrator.b], [calibrator.a]])
        link = graph.op("Add", graph.op("MatMul", logs, slopes), np.float64(calibrator.c))
        return sigmoid(graph, link)
    if isinstance(calibrator, TemperatureCalibrator):
        link = graph.op("Mul", logs, np.float64(calibrator.factor))
        if calibrator.shifts:
            link = graph.op("Add", link, np.array([calibrator.shifts]))
        return softmax(graph, link)
    raise CannotExportError(f"the calibrator {type(calibrator).__name__}")


def class_codes(graph: Graph, probabilities: Tensor, threshold: float | None) -> Tensor:
    """Return the code of the class to predict, int64 (n_rows,)."""
    if threshold is None:
        return graph.op("ArgMax", probabilities, axis=1, keepdims=0)
    positive = graph.op("Gather", probabilities, np.array(1), axis=1)
    return graph.cast(graph.op("Greater", positive, np.float64(threshold)), np.int64)


def above_floor(graph: Graph, values: Tensor, adjustments: Adjustments) -> Tensor:
    """Return values none of which is below the floor."""
    if adjustments.floor is None:
        return values
    return graph.op("Max", values, np.array([adjustments.floor], dtype=np.float64))


def interval_bounds(
    graph: Graph, values: Tensor, spread: Tensor, intervals: Intervals, coverage: float
) -> tuple[Tensor, Tensor]:
    """Return the lower and upper bounds of prediction intervals, float64 (n_rows, 1) each."""
    # The bounds of a prediction of 0 with scale 1 are the residuals' quantiles themselves.
    unit = Intervals(
        residuals=intervals.residuals,
        weight=intervals.weight,
        scale=ResidualScale(by="constant", at=np.zeros(1), value=np.ones(1)),
        effective=intervals.effective,
    )
    low, high = unit.bounds(np.zeros(1), np.zeros(1), coverage)
    scale = intervals.scale
    if scale.by == "constant":
        lower, upper = low * float(scale.value[0]), high * float(scale.value[0])
        return graph.op("Add", values, lower), graph.op("Add", values, upper)
    known = values if scale.by == "prediction" else spread
    size = interpolate(graph, known, np.asarray(scale.at, float), np.asarray(scale.value, float))
    return (
        graph.op("Add", values, graph.op("Mul", size, low)),
        graph.op("Add", values, graph.op("Mul", size, high)),
    )

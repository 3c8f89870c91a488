"""Scalers of columns, each in the precision in which it was fitted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.graph.functions import normal_quantile
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.preprocessing.scaling import (
    BoundedPower,
    ClippedScaler,
    RankGauss,
    SmoothRobustScaler,
    StandardAndRanks,
)

_FAR = np.float64(1e9)


def scaled(graph: Graph, table: Tensor, scaler: Any) -> Tensor:
    """Return the scaled columns, float64.

    Parameters
    ----------
    graph : Graph
        Where nodes are added.
    table : str
        Float64, shape (n_rows, n_columns).
    scaler : fitted scaler
        One of those of `espalier.pipelines.preprocessing.scaling`.

    Raises
    ------
    CannotExportError
        It is another scaler.
    """
    if isinstance(scaler, ClippedScaler):
        return clipped(graph, table, scaler)
    if isinstance(scaler, SmoothRobustScaler):
        return _smooth(graph, table, scaler)
    if isinstance(scaler, RankGauss):
        return _ranked(graph, table, scaler)
    if isinstance(scaler, BoundedPower):
        return _powers(graph, table, scaler)
    if isinstance(scaler, StandardAndRanks):
        several = np.flatnonzero(scaler.several_)
        parts = [clipped(graph, table, scaler.standard_)]
        if len(several):
            parts.append(graph.take(_ranked(graph, table, scaler.ranks_), several))
        return graph.join(parts)
    raise CannotExportError(f"the scaler {type(scaler).__name__}")


def clipped(graph: Graph, table: Tensor, scaler: ClippedScaler) -> Tensor:
    """Return (x - mean) / deviation, within so many deviations; float64 or float32 as fitted."""
    dtype = np.result_type(scaler.mean_, scaler.scale_)
    mean, scale = (np.asarray(each, dtype=dtype)[None, :] for each in (scaler.mean_, scaler.scale_))
    far = dtype.type(scaler.far)
    return graph.op("Clip", graph.op("Div", graph.op("Sub", table, mean), scale), -far, far)


def _smooth(graph: Graph, table: Tensor, scaler: SmoothRobustScaler) -> Tensor:
    centred = graph.op("Sub", table, scaler.center_.astype(np.float64)[None, :])
    x = graph.op("Clip", graph.op("Div", centred, scaler.scale_[None, :]), -_FAR, _FAR)
    third = graph.op("Div", x, np.float64(3.0))
    return graph.op(
        "Div", x, graph.op("Sqrt", graph.add(np.float64(1.0), graph.op("Mul", third, third)))
    )


def _ranked(graph: Graph, table: Tensor, scaler: RankGauss) -> Tensor:
    normal = normal_quantile(graph, _ranks(graph, table, scaler.ranks_.quantiles_))
    normal = graph.op("Clip", normal, np.float64(-3.0), np.float64(3.0))
    return clipped(graph, normal, scaler.after_)


def _ranks(graph: Graph, table: Tensor, quantiles: NDArray[Any]) -> Tensor:
    """Return the rank of each value among the quantiles of its column, as `RankGauss` has it."""
    quantiles = quantiles.astype(np.float64)
    last = len(quantiles) - 1
    cells = graph.op("Unsqueeze", table, np.array([2]))
    # The same constant as below, turned.
    points = graph.op("Transpose", quantiles, perm=[1, 0])
    points = graph.op("Unsqueeze", points, np.array([0]))

    def count(comparison: str) -> Tensor:
        hits = graph.cast(graph.op(comparison, cells, points), np.int64)
        return graph.op("ReduceSum", hits, np.array([2]), keepdims=0)

    below, up_to = count("Greater"), count("GreaterOrEqual")
    high = graph.op("Clip", below, np.int64(1), np.int64(last))
    upper = graph.op("GatherElements", quantiles, high, axis=0)
    lower = graph.op("GatherElements", quantiles, graph.op("Sub", high, np.int64(1)), axis=0)
    share = graph.op("Div", graph.op("Sub", upper, table), graph.op("Sub", upper, lower))
    between = graph.op("Sub", graph.cast(high, np.float64), share)
    both = graph.op("Sub", graph.add(below, up_to), np.int64(1))
    middle = graph.op("Mul", graph.cast(both, np.float64), np.float64(0.5))
    places = graph.op("Where", graph.op("Greater", up_to, below), middle, between)
    places = graph.op("Where", graph.op("Greater", up_to, np.int64(last)), np.float64(last), places)
    places = graph.op("Where", graph.op("Equal", below, np.int64(0)), np.float64(0.0), places)
    return graph.op("Div", places, np.float64(max(last, 1)))


def _powers(graph: Graph, table: Tensor, scaler: BoundedPower) -> Tensor:
    """Return the Yeo-Johnson powers of standardised columns, standardised again."""
    x = clipped(graph, table, scaler.before_)
    exponents = np.asarray(scaler.power_.lambdas_, dtype=np.float64)
    known = np.isfinite(exponents)
    exponents = np.where(known, exponents, 1.0)[None, :]
    right = _box_cox(graph, graph.op("Max", x, np.array([0.0])), exponents)
    left = _box_cox(graph, graph.op("Neg", graph.op("Min", x, np.array([0.0]))), 2.0 - exponents)
    made = graph.op("Sub", right, left)
    if not known.all():
        made = graph.op("Mul", made, known.astype(np.float64)[None, :])
    return clipped(graph, made, scaler.after_)


def _box_cox(graph: Graph, x: Tensor, exponents: NDArray[np.float64]) -> Tensor:
    """Return ((1 + x) ** e - 1) / e, or log(1 + x) where e is 0, for x of at least 0."""
    logs = graph.op("Log", graph.add(np.float64(1.0), x))
    flat = np.abs(exponents) < np.spacing(1.0)
    safe = np.where(flat, 1.0, exponents)
    powers = graph.op("Exp", graph.op("Mul", logs, safe))
    powers = graph.op("Div", graph.op("Sub", powers, np.float64(1.0)), safe)
    return graph.op("Where", flat, logs, powers) if flat.any() else powers

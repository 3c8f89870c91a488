"""Numeric columns: `NumericBlock` and the formulas it adds, in float64 as there."""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.onnx.features.scaling import scaled
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.preprocessing.construct import PairwiseFeatures
from espalier.pipelines.preprocessing.constructed.formulas import by_operation
from espalier.pipelines.preprocessing.constructed.random_formulas import RandomFormulas
from espalier.pipelines.preprocessing.numeric import NumericBlock

_LARGEST = np.float64(1e30)


def number_columns(
    graph: Graph, numbers: Tensor, block: NumericBlock, levels: Tensor | None = None
) -> Tensor | None:
    """Return the float32 columns of a fitted block; None without any.

    Parameters
    ----------
    graph : Graph
        Where nodes are added.
    numbers : str
        Float64, shape (n_rows, n_numbers), NaN where missing.
    block : NumericBlock
        What was fitted.
    levels : str or None
        Float64, shape (n_rows, n_categories): codes that formulas use beside the numbers.
    """
    kept = np.flatnonzero(block.keep_)
    parts: list[Tensor] = []
    if len(kept):
        filled = _filled(graph, numbers, kept, block)
        if block.pairs_ is not None:
            filled = _with_formulas(graph, filled, block.pairs_, levels, len(kept))
        if block.scaler_ is not None:
            filled = scaled(graph, filled, block.scaler_)
        parts.append(graph.cast(graph.op("Clip", filled, -_LARGEST, _LARGEST), np.float32))
    marked = np.flatnonzero(block.marked_)
    if len(marked):
        parts.append(graph.cast(graph.op("IsNaN", graph.take(numbers, marked)), np.float32))
    return graph.join(parts) if parts else None


def _filled(graph: Graph, numbers: Tensor, kept: NDArray[np.intp], block: NumericBlock) -> Tensor:
    """Return the kept columns, shifted and bounded, their gaps filled."""
    table = numbers if len(kept) == len(block.keep_) else graph.take(numbers, kept)
    if np.any(block.offset_):
        table = graph.op("Sub", table, block.offset_[None, :])
    table = graph.op("Clip", table, -_LARGEST, _LARGEST)
    if block.fill_ is None:
        return table
    return graph.op("Where", graph.op("IsNaN", table), block.fill_[None, :], table)


def _with_formulas(
    graph: Graph,
    base: Tensor,
    made_by: PairwiseFeatures | RandomFormulas,
    levels: Tensor | None,
    n_numbers: int,
) -> Tensor:
    """Return the columns with those of formulas appended, as `NumericBlock` has them."""
    formulas = made_by.formulas(n_numbers)
    table = base if levels is None else graph.join([base, levels])
    for stage in formulas.stages:
        made, order = list[Tensor](), list[int]()
        for name, places, first, second in by_operation(stage):
            combined = _combined(graph, graph.take(table, first), name, graph.take(table, second))
            made.append(graph.op("Clip", combined, -_LARGEST, _LARGEST))
            order += places
        table = graph.join([table, graph.take(graph.join(made), np.argsort(order))])
    return graph.join([base, graph.take(table, formulas.shown)]) if len(formulas) else base


def _combined(graph: Graph, a: Tensor, name: str, b: Tensor) -> Tensor:
    if name == "sum":
        return graph.op("Add", a, b)
    if name == "difference":
        return graph.op("Sub", a, b)
    if name == "product":
        return graph.op("Mul", a, b)
    is_zero = graph.op("Equal", b, np.float64(0.0))
    divisor = graph.op("Where", is_zero, np.float64(1.0), b)
    return graph.op("Div", a, divisor)  # the numerator where the divisor is zero

"""Numeric columns: `NumericBlock` and `PairwiseFeatures`, in float64 as there."""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.onnx.features.scaling import scaled
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.preprocessing.construct import PairwiseFeatures
from espalier.pipelines.preprocessing.numeric import NumericBlock

_LARGEST = np.float64(1e30)


def number_columns(graph: Graph, numbers: Tensor, block: NumericBlock) -> Tensor | None:
    """Return the float32 columns of a fitted block; None without any.

    Parameters
    ----------
    graph : Graph
        Where nodes are added.
    numbers : str
        Float64, shape (n_rows, n_numbers), NaN where missing.
    block : NumericBlock
        What was fitted.
    """
    kept = np.flatnonzero(block.keep_)
    parts: list[Tensor] = []
    if len(kept):
        filled = _filled(graph, numbers, kept, block)
        if block.pairs_ is not None:
            filled = _with_pairs(graph, filled, block.pairs_)
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


def _with_pairs(graph: Graph, table: Tensor, pairs: PairwiseFeatures) -> Tensor:
    """Return the columns with the chosen combinations of two of them appended."""
    made = [table]
    for name, first, second in pairs.chosen_:
        a, b = graph.take(table, [first]), graph.take(table, [second])
        if name == "sum":
            combined = graph.op("Add", a, b)
        elif name == "difference":
            combined = graph.op("Sub", a, b)
        elif name == "product":
            combined = graph.op("Mul", a, b)
        else:
            is_zero = graph.op("Equal", b, np.float64(0.0))
            divisor = graph.op("Where", is_zero, np.float64(1.0), b)
            combined = graph.op("Div", a, divisor)  # the numerator where the divisor is zero
        made.append(graph.op("Clip", combined, -_LARGEST, _LARGEST))
    return graph.join(made)

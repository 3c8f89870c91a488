"""Quantiles of the training rows that share leaves with a row: quantile regression forests."""

import numpy as np

from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.learners.losses.leaf_quantiles import LeafQuantiles

_SLACK = 1e-9


def quantile_of_leaves(graph: Graph, leaves: Tensor, fitted: LeafQuantiles) -> Tensor:
    """Return the weighted quantile of the targets in the leaves, float64 (n_rows, 1).

    Parameters
    ----------
    graph : Graph
        Where nodes are added.
    leaves : str
        Node in which each row ends, in each tree, int64 of shape (n_rows, n_trees).
    fitted : LeafQuantiles
        The targets of the leaves.
    """
    widest = max(int(np.diff(starts).max(initial=1)) for starts in fitted.starts_)
    last = len(fitted.y_) - 1
    ranks, shares, first = [], [], [0]
    for own, weight, starts in zip(fitted.ranks_, fitted.shares_, fitted.starts_, strict=True):
        sizes = np.diff(starts)
        used = np.arange(widest)[None, :] < sizes[:, None]
        # Places beyond a leaf's rows get the last rank, and no weight.
        padded = np.full(used.shape, last, dtype=np.int64)
        padded[used] = own
        held = np.zeros(used.shape, dtype=np.float64)
        held[used] = weight
        ranks.append(padded)
        shares.append(held)
        first.append(first[-1] + len(sizes))
    places = graph.op("Add", leaves, np.array(first[:-1])[None, :])
    n_rows = len(fitted.starts_) * widest
    flat = np.array([0, n_rows])
    rank = graph.op("Reshape", graph.op("Gather", np.vstack(ranks), places), flat)
    weight = graph.op("Reshape", graph.op("Gather", np.vstack(shares), places), flat)
    ordered, order = (
        graph.op(
            "TopK", rank, np.array([n_rows]), axis=1, largest=0, sorted=1, n_outputs=2, output=each
        )
        for each in (0, 1)
    )
    mass = graph.op("CumSum", graph.op("GatherElements", weight, order, axis=1), np.array(1))
    total = graph.op("Gather", mass, np.array([n_rows - 1]), axis=1)
    wanted = graph.op("Mul", total, np.float64(fitted.level))
    slack = graph.op("Mul", total, np.float64(_SLACK))
    bounds = []
    for comparison, at in (
        ("Less", graph.op("Sub", wanted, slack)),
        ("LessOrEqual", graph.op("Add", wanted, slack)),
    ):
        below = graph.cast(graph.op(comparison, mass, at), np.int64)
        place = graph.op("ReduceSum", below, np.array([1]), keepdims=1)
        place = graph.op("Min", place, np.array([n_rows - 1]))
        found = graph.op("GatherElements", ordered, place, axis=1)
        bounds.append(graph.op("Gather", fitted.y_, found))
    return graph.op("Mul", graph.add(*bounds), np.float64(0.5))

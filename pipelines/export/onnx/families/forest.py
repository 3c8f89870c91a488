"""Forests of scikit-learn: random forests and extremely randomised trees."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.onnx.families.leaf_quantiles import quantile_of_leaves
from espalier.pipelines.export.onnx.families.tree_ensemble import LEQ, TreeTable, sum_of_trees
from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.functions import two_classes
from espalier.pipelines.export.onnx.graph.graph import Tensor
from espalier.pipelines.learners.families.forest import DOUBT, GrownForest


def forest_values(matrix: Matrix, model: GrownForest) -> Tensor:
    """Return the mean of the trees' values, or the quantile of their leaves, (n_rows, 1)."""
    trees = [each.tree_ for each in model.forest.estimators_]
    quantiles = getattr(model, "quantiles_", None)  # older versions had none
    if quantiles is not None:
        return quantile_of_leaves(matrix.graph, _leaves(matrix, trees), quantiles)
    return _mean(matrix, trees, [tree.value[:, 0, 0] for tree in trees])


def forest_probabilities(matrix: Matrix, model: GrownForest) -> Tensor:
    """Return the mean of the trees' class shares with a little doubt, (n_rows, n_classes)."""
    graph = matrix.graph
    trees = [each.tree_ for each in model.forest.estimators_]
    shares = [tree.value[:, 0, :] for tree in trees]
    shares = [each / each.sum(axis=1, keepdims=True) for each in shares]
    n_classes = shares[0].shape[1]
    if n_classes == 2:
        scores = two_classes(graph, _mean(matrix, trees, [each[:, 1] for each in shares]))
    else:
        # The leaf of each tree first, and then the shares in it: leaves hold many numbers.
        leaves = _leaves(matrix, trees)
        sizes = np.cumsum([0, *(len(each) for each in shares)])
        places = graph.op("Add", leaves, sizes[:-1][None, :])
        found = graph.op("Gather", np.vstack(shares), places)
        scores = graph.op("ReduceMean", found, np.array([1]), keepdims=0)
    scores = graph.op("Add", scores, np.float64(DOUBT / n_classes))
    return graph.op("Div", scores, np.float64(1 + DOUBT))


def _mean(matrix: Matrix, trees: list[Any], values: list[NDArray[Any]]) -> Tensor:
    """Return the mean over the trees of the value of the node where a row ends, (n_rows, 1)."""
    table, base = TreeTable(), 0.0
    for tree, value in zip(trees, values, strict=True):
        base += _add(table, tree, np.asarray(value, dtype=np.float64))
    total = sum_of_trees(matrix, table, n_targets=1, base=np.array([base]))
    return matrix.graph.op("Div", total, np.float64(len(trees)))


def _leaves(matrix: Matrix, trees: list[Any]) -> Tensor:
    """Return the node where each row ends in each tree, int64 of shape (n_rows, n_trees)."""
    table, base = TreeTable(), np.zeros(len(trees))
    for number, tree in enumerate(trees):
        base[number] = _add(table, tree, np.arange(tree.node_count, dtype=float), number)
    found = sum_of_trees(matrix, table, n_targets=len(trees), base=base)
    return matrix.graph.cast(found, np.int64)


def _add(table: TreeTable, tree: Any, value: NDArray[np.float64], target: int = 0) -> float:
    """Add a tree; return the value of a tree that is a single leaf, else 0."""
    left, right = tree.children_left, tree.children_right
    is_leaf = left < 0
    if is_leaf[0]:
        return float(value[0])
    # Nodes and leaves are numbered apart.
    number = np.where(is_leaf, -np.cumsum(is_leaf), np.cumsum(~is_leaf) - 1)
    inner = ~is_leaf
    table.add_arrays(
        feature=tree.feature[inner],
        mode=np.full(int(inner.sum()), LEQ),
        split=tree.threshold[inner],
        first=number[left[inner]],
        second=number[right[inner]],
        missing_first=np.asarray(tree.missing_go_to_left[inner], dtype=bool),
        value=value[is_leaf],
        target=target,
    )
    return 0.0

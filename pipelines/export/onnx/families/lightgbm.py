"""LightGBM's trees, from the text in which it saves a model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.families.tree_ensemble import (
    LEQ,
    MEMBER,
    TreeTable,
    sum_of_trees,
)
from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.functions import sigmoid, softmax
from espalier.pipelines.export.onnx.graph.graph import Tensor
from espalier.pipelines.learners.families.lightgbm_trees import LightGBMModel

# Bits of a node's decision type.
_CATEGORICAL, _DEFAULT_LEFT, _MISSING = 1, 2, 12
_MISSING_NONE, _MISSING_ZERO, _MISSING_NAN = 0, 4, 8
_BITS = 32
_ON_LOG = ("poisson", "tweedie", "gamma")


def lightgbm_values(matrix: Matrix, model: LightGBMModel) -> Tensor:
    """Return values, float64 (n_rows, 1)."""
    raw = _raw(matrix, model)
    return matrix.graph.op("Exp", raw) if model.parameters["objective"] in _ON_LOG else raw


def lightgbm_probabilities(matrix: Matrix, model: LightGBMModel) -> Tensor:
    """Return probabilities, float64 (n_rows, n_classes)."""
    raw = _raw(matrix, model)
    binary = model.parameters["objective"] == "binary"
    return sigmoid(matrix.graph, raw) if binary else softmax(matrix.graph, raw)


def _raw(matrix: Matrix, model: LightGBMModel) -> Tensor:
    text = model.booster_.model_to_string(num_iteration=model.n_iterations_)
    n_targets = model.booster_.num_model_per_iteration()
    table, base = TreeTable(), np.zeros(n_targets)
    for number, lines in enumerate(_trees(text)):
        base[number % n_targets] += _add(table, _Tree(lines), number % n_targets)
    return sum_of_trees(matrix, table, n_targets=n_targets, base=base)


@dataclass(frozen=True, slots=True)
class _Tree:
    """The lines ``key=value`` of one tree."""

    lines: dict[str, str]

    def numbers(self, key: str, dtype: Any) -> NDArray[Any]:
        return np.array(self.lines[key].split(), dtype=dtype)


def _trees(text: str) -> list[dict[str, str]]:
    """Return the lines of each tree by key."""
    trees: list[dict[str, str]] = []
    for line in text.split("end of trees")[0].splitlines():
        if line.startswith("Tree="):
            trees.append({})
        elif trees and "=" in line:
            key, value = line.split("=", 1)
            trees[-1][key] = value
    return trees


def _add(table: TreeTable, tree: _Tree, target: int) -> float:
    """Add a tree; return the value of a tree that is a single leaf, else 0."""
    value = tree.numbers("leaf_value", np.float64)
    if int(tree.lines["num_leaves"]) == 1:
        return float(value[0])
    split = tree.numbers("threshold", np.float64)
    decision = tree.numbers("decision_type", np.int64)
    is_category = (decision & _CATEGORICAL) > 0
    missing = decision & _MISSING
    if (missing == _MISSING_ZERO).any() or tree.lines.get("is_linear") == "1":
        raise CannotExportError("a LightGBM model with zeros as missing values or linear leaves")
    # Where training had no missing value, LightGBM takes one for zero.
    missing_first = np.where(missing == _MISSING_NAN, (decision & _DEFAULT_LEFT) > 0, split >= 0.0)
    table.add_arrays(
        feature=tree.numbers("split_feature", np.int64),
        mode=np.where(is_category, MEMBER, LEQ),
        split=np.where(is_category, 0.0, split),
        first=tree.numbers("left_child", np.int64),
        second=tree.numbers("right_child", np.int64),
        missing_first=np.where(is_category, False, missing_first),
        value=value,
        target=target,
        members=_members(tree, is_category, split),
    )
    return 0.0


def _members(
    tree: _Tree, is_category: NDArray[np.bool_], split: NDArray[np.float64]
) -> dict[int, list[float]]:
    """Return the codes that go left, by node: they are bits of 32-bit words."""
    if not is_category.any():
        return {}
    starts = tree.numbers("cat_boundaries", np.int64)
    words = tree.numbers("cat_threshold", np.int64)
    found = {}
    for node in np.flatnonzero(is_category):
        place = int(split[node])
        own = words[starts[place] : starts[place + 1]]
        bits = (own[:, None] >> np.arange(_BITS)) & 1
        found[int(node)] = np.flatnonzero(bits.ravel()).astype(float).tolist()
    return found

"""XGBoost's trees, from the JSON in which it saves a model."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.families.tree_ensemble import (
    LT,
    MEMBER,
    TreeTable,
    sum_of_trees,
)
from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.functions import sigmoid, softmax
from espalier.pipelines.export.onnx.graph.graph import Tensor
from espalier.pipelines.learners.families.xgboost_trees import XGBoostModel

_ON_LOG = ("count:poisson", "reg:tweedie", "reg:gamma")


def xgboost_values(matrix: Matrix, model: XGBoostModel) -> Tensor:
    """Return values, float64 (n_rows, 1)."""
    raw = _raw(matrix, model)
    return matrix.graph.op("Exp", raw) if model.parameters["objective"] in _ON_LOG else raw


def xgboost_probabilities(matrix: Matrix, model: XGBoostModel) -> Tensor:
    """Return probabilities, float64 (n_rows, n_classes)."""
    raw = _raw(matrix, model)
    binary = model.parameters["objective"] == "binary:logistic"
    return sigmoid(matrix.graph, raw) if binary else softmax(matrix.graph, raw)


def _raw(matrix: Matrix, model: XGBoostModel) -> Tensor:
    saved = json.loads(bytes(model.booster_.save_raw("json")))["learner"]
    booster = saved["gradient_booster"]
    if booster["name"] != "gbtree":
        raise CannotExportError(f"XGBoost's booster {booster['name']!r}")
    n_targets = max(1, int(saved["learner_model_param"]["num_class"]))
    base = np.zeros(n_targets) + _margins(saved, str(model.parameters["objective"]))
    table = TreeTable()
    for tree, target in zip(booster["model"]["trees"], booster["model"]["tree_info"], strict=True):
        base[int(target)] += _add(table, tree, int(target))
    return sum_of_trees(matrix, table, n_targets=n_targets, base=base)


def _margins(saved: Mapping[str, Any], objective: str) -> NDArray[np.float64]:
    """Return what the trees start from, before the link, for each output or for all."""
    text = str(saved["learner_model_param"]["base_score"]).strip("[]")
    score = np.array([np.float32(each) for each in text.split(",")], dtype=np.float64)
    if objective == "binary:logistic":
        return np.asarray(np.log(score) - np.log1p(-score))
    return np.asarray(np.log(score)) if objective in _ON_LOG else score


def _add(table: TreeTable, tree: Mapping[str, Any], target: int) -> float:
    """Add a tree; return the value of a tree that is a single leaf, else 0."""
    left = np.array(tree["left_children"], dtype=np.int64)
    right = np.array(tree["right_children"], dtype=np.int64)
    split = np.array(tree["split_conditions"], dtype=np.float32).astype(np.float64)
    is_leaf = left < 0
    if is_leaf[0]:
        return float(split[0])
    number = np.where(is_leaf, -_count(is_leaf), _count(~is_leaf) - 1)
    inner = ~is_leaf
    is_category = np.array(tree["split_type"], dtype=np.int64)[inner] == 1
    default_left = np.array(tree["default_left"], dtype=np.int64)[inner] == 1
    first, second = number[left[inner]], number[right[inner]]
    members: dict[int, list[float]] = {}
    for node, start, size in zip(
        tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True
    ):
        members[int(number[node])] = [
            float(each) for each in tree["categories"][start : start + size]
        ]
    table.add_arrays(
        feature=np.array(tree["split_indices"], dtype=np.int64)[inner],
        mode=np.where(is_category, MEMBER, LT),
        split=np.where(is_category, 0.0, split[inner]),
        # Categories of the list go right.
        first=np.where(is_category, second, first),
        second=np.where(is_category, first, second),
        missing_first=is_category ^ default_left,
        value=split[is_leaf],
        target=target,
        members=members,
    )
    return 0.0


def _count(marks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many marks there are up to each place."""
    return np.cumsum(marks, dtype=np.int64)

"""Depths and numbers of nodes of the trees of each library."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class TreeCounts:
    """What the trees of a model hold together.

    Attributes
    ----------
    n_trees : int
        Number of trees.
    n_nodes : int
        Their nodes, leaves included.
    longest : int
        Comparisons for one row at most: the sum of the trees' depths.
    """

    n_trees: int
    n_nodes: int
    longest: int


def of_forest(forest: Any) -> TreeCounts:
    """Count the trees of a forest of scikit-learn."""
    trees = [each.tree_ for each in forest.estimators_]
    return TreeCounts(
        len(trees), sum(each.node_count for each in trees), sum(each.max_depth for each in trees)
    )


def of_lightgbm(booster: Any, rounds: int) -> TreeCounts:
    """Count the first ``rounds`` rounds of a booster of LightGBM, read from its text."""
    n_trees = n_nodes = longest = 0
    left: list[int] = []
    for line in booster.model_to_string(num_iteration=rounds).splitlines():
        if line.startswith("num_leaves="):
            n_trees += 1
            n_nodes += 2 * int(line.partition("=")[2]) - 1
        elif line.startswith("left_child="):
            left = _numbers(line)
        elif line.startswith("right_child="):
            longest += _depth(left, _numbers(line))
    return TreeCounts(n_trees, n_nodes, longest)


def of_xgboost(booster: Any) -> TreeCounts:
    """Count the trees of a booster of XGBoost, read from its JSON."""
    model = json.loads(bytes(booster.save_raw("json")))
    trees = model["learner"]["gradient_booster"]["model"]["trees"]
    n_nodes = longest = 0
    for each in trees:
        left, right = each["left_children"], each["right_children"]
        n_nodes += len(left)
        depth = [0] * len(left)
        # Children come after their parents.
        for node, (a, b) in enumerate(zip(left, right, strict=True)):
            if a >= 0:
                depth[a] = depth[b] = depth[node] + 1
        longest += max(depth, default=0)
    return TreeCounts(len(trees), n_nodes, longest)


def of_catboost(booster: Any) -> TreeCounts:
    """Count the trees of a booster of CatBoost, whose levels ask one question each."""
    leaves = np.asarray(booster.get_tree_leaf_counts(), dtype=np.int64)
    depths = np.log2(np.maximum(leaves, 1)).round().astype(np.int64)
    return TreeCounts(len(leaves), int((leaves + depths).sum()), int(depths.sum()))


def _numbers(line: str) -> list[int]:
    return [int(each) for each in line.partition("=")[2].split()]


def _depth(left: list[int], right: list[int]) -> int:
    """Return the depth of a tree of LightGBM; a child below 0 is a leaf."""
    depth = [1] * len(left)
    for node, children in enumerate(zip(left, right, strict=True)):
        for child in children:
            if child >= 0:
                depth[child] = depth[node] + 1
    return max(depth, default=0)

"""CatBoost's symmetric trees, from the JSON in which it saves a model.

All nodes of a level compare the same column with the same border, so that a tree is a few
comparisons whose results, as bits, number a leaf. That takes a fraction of the nodes that single
comparisons would, and as much as CatBoost's own file.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.families.catboost_categories import (
    category_columns,
    number_columns,
)
from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.functions import sigmoid, softmax
from espalier.pipelines.export.onnx.graph.graph import Tensor
from espalier.pipelines.learners.families.catboost_trees import CatBoostModel


def catboost_values(matrix: Matrix, model: CatBoostModel) -> Tensor:
    """Return values, float64 (n_rows, 1)."""
    raw = _raw(matrix, model)
    on_log = model.parameters["loss_function"].startswith(("Poisson", "Tweedie"))
    return matrix.graph.op("Exp", raw) if on_log else raw


def catboost_probabilities(matrix: Matrix, model: CatBoostModel) -> Tensor:
    """Return probabilities, float64 (n_rows, n_classes)."""
    raw = _raw(matrix, model)
    binary = model.parameters["loss_function"] == "Logloss"
    return sigmoid(matrix.graph, raw) if binary else softmax(matrix.graph, raw)


def _raw(matrix: Matrix, model: CatBoostModel) -> Tensor:
    """Return what the trees say before the link, float64 (n_rows, n_outputs)."""
    graph, saved = matrix.graph, _saved(model)
    scale, bias = saved["scale_and_bias"]
    bias = np.atleast_1d(np.asarray(bias, dtype=np.float64))
    n_targets = len(bias)
    trees = []
    for tree in saved["oblivious_trees"]:
        if tree.get("splits"):
            trees.append(tree)
        else:  # an empty tree is a single leaf
            bias = bias + scale * np.asarray(tree["leaf_values"], dtype=np.float64)
    if not trees:
        zeros = graph.op(
            "Mul", graph.cast(graph.op("IsNaN", matrix.tensor), np.float64), np.zeros(1)
        )
        return graph.op("Add", graph.take(zeros, [0] * n_targets), bias[None, :])
    splits = _Splits(matrix, model, saved)
    deepest = max(len(tree["splits"]) for tree in trees)
    # Levels that a tree does not have compare with infinity: their bit is 0.
    compared = [
        _Split(0, np.inf) if level >= len(tree["splits"]) else splits.of(tree["splits"][level])
        for tree in trees
        for level in range(deepest)
    ]
    cells = graph.take(splits.table, [each.column for each in compared])
    above = graph.op("Greater", cells, np.array([[each.border for each in compared]], np.float32))
    missing_is_high = np.array([[each.missing_is_high for each in compared]])
    if missing_is_high.any():
        missing = graph.op("And", graph.op("IsNaN", cells), missing_is_high)
        above = graph.op("Or", above, missing)
    shape = np.array([0, len(trees), deepest])
    bits = graph.op("Reshape", graph.cast(above, np.float32), shape)
    powers = (2.0 ** np.arange(deepest)).astype(np.float32)[:, None]
    summed = graph.op("Squeeze", graph.op("MatMul", bits, powers), np.array([2]))
    leaves = [np.asarray(each["leaf_values"], float).reshape(-1, n_targets) for each in trees]
    starts = np.cumsum([0, *(len(each) for each in leaves[:-1])])
    places = graph.op("Add", graph.cast(summed, np.int64), starts[None, :])
    total = graph.op(
        "ReduceSum", graph.op("Gather", np.vstack(leaves), places), np.array([1]), keepdims=0
    )
    if scale != 1:
        total = graph.op("Mul", total, np.float64(scale))
    return graph.op("Add", total, bias[None, :]) if bias.any() else total


@dataclass(frozen=True, slots=True)
class _Split:
    """A comparison: whether a column is above a border.

    Attributes
    ----------
    column : int
        The column of `_Splits.table`.
    border : float
        The border.
    missing_is_high : bool
        Whether a missing value counts as above it.
    """

    column: int
    border: float
    missing_is_high: bool = False


class _Splits:
    """The columns that trees compare, and what each split of them means.

    Attributes
    ----------
    table : str
        The matrix, and beside it the statistics of categories, float32.
    """

    def __init__(self, matrix: Matrix, model: CatBoostModel, saved: Any) -> None:
        facts = saved["features_info"]
        self._floats = {each["feature_index"]: each for each in facts.get("float_features", [])}
        self._numbers = number_columns(model)
        self._width = len(model.booster_.feature_names_)
        self._categories = category_columns(matrix, model, saved)
        self.table = matrix.tensor
        if self._categories is not None:
            self.table = matrix.graph.join([matrix.tensor, self._categories.tensor])
        # Splits are numbered: borders of numbers, then single categories, then statistics.
        before = sum(len(each["borders"] or []) for each in self._floats.values())
        categories = facts.get("categorical_features", [])
        before += sum(len(each.get("values") or []) for each in categories)
        sizes = [len(each["borders"]) for each in facts.get("ctrs", [])]
        self._first = before + np.cumsum([0, *sizes])

    def of(self, split: Any) -> _Split:
        """Return the comparison that a split of CatBoost's file stands for."""
        kind = split["split_type"]
        if kind == "FloatFeature":
            feature = self._floats[split["float_feature_index"]]
            column = self._numbers[feature["flat_feature_index"]]
            return _Split(column, split["border"], feature["nan_value_treatment"] == "AsTrue")
        if self._categories is None or kind not in ("OnlineCtr", "OneHotFeature"):
            raise CannotExportError(f"CatBoost's split of kind {kind!r}")
        if kind == "OnlineCtr":
            place = int(np.searchsorted(self._first, split["split_index"], side="right")) - 1
            return _Split(self._width + place, split["border"])
        asked = (split["cat_feature_index"], int(split["value"]))
        return _Split(self._width + self._categories.exact[asked], 0.5)


def _saved(model: CatBoostModel) -> Any:
    """Return the model as CatBoost writes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.booster_.save_model(str(path), format="json")
        return json.loads(path.read_text(encoding="utf-8"))

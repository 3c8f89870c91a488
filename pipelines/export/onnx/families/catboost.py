"""CatBoost's symmetric trees, from the JSON in which it saves a model.

All nodes of a level compare the same column with the same border, so that a tree is a few
comparisons whose results, as bits, number a leaf. That takes a fraction of the nodes that single
comparisons would, and as much as CatBoost's own file.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.errors import CannotExportError
from espalier.pipelines.export.onnx.functions import sigmoid, softmax
from espalier.pipelines.export.onnx.graph import Tensor
from espalier.pipelines.export.onnx.matrix import Matrix
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
    if model.categorical_:
        raise CannotExportError("CatBoost's own statistics of categories (prep_encoding=native)")
    graph, saved = matrix.graph, _saved(model)
    scale, bias = saved["scale_and_bias"]
    bias = np.atleast_1d(np.asarray(bias, dtype=np.float64))
    trees = [each for each in saved["oblivious_trees"] if each.get("splits")]
    n_targets = len(bias)
    for tree in saved["oblivious_trees"]:
        if not tree.get("splits"):  # an empty tree is a single leaf
            bias = bias + scale * np.asarray(tree["leaf_values"], dtype=np.float64)
    if not trees:
        nothing = graph.op(
            "Mul", graph.cast(graph.op("IsNaN", matrix.tensor), np.float64), np.zeros(1)
        )
        return graph.op("Add", graph.take(nothing, [0] * n_targets), bias[None, :])
    deepest = max(len(tree["splits"]) for tree in trees)
    columns = np.zeros((len(trees), deepest), dtype=np.int64)
    borders = np.full((len(trees), deepest), np.inf, dtype=np.float32)
    floats = {each["feature_index"]: each for each in saved["features_info"]["float_features"]}
    missing_is_high = np.zeros_like(columns, dtype=bool)
    leaves: list[NDArray[np.float64]] = []
    starts: list[int] = []
    for number, tree in enumerate(trees):
        starts.append(0 if not leaves else starts[-1] + len(leaves[-1]))
        leaves.append(np.asarray(tree["leaf_values"], dtype=np.float64).reshape(-1, n_targets))
        for level, split in enumerate(tree["splits"]):
            feature = floats[split["float_feature_index"]]
            columns[number, level] = feature["flat_feature_index"]
            borders[number, level] = split["border"]
            missing_is_high[number, level] = feature["nan_value_treatment"] == "AsTrue"
    flat, shape = columns.ravel(), np.array([0, len(trees), deepest])
    cells = graph.take(matrix.tensor, flat)
    above = graph.op("Greater", cells, borders.reshape(1, -1))
    if missing_is_high.any():
        missing = graph.op("And", graph.op("IsNaN", cells), missing_is_high.reshape(1, -1))
        above = graph.op("Or", above, missing)
    bits = graph.op("Reshape", graph.cast(above, np.float32), shape)
    powers = (2.0 ** np.arange(deepest)).astype(np.float32)[:, None]
    leaf = graph.cast(
        graph.op("Squeeze", graph.op("MatMul", bits, powers), np.array([2])), np.int64
    )
    places = graph.op("Add", leaf, np.array(starts)[None, :])
    found = graph.op("Gather", np.vstack(leaves), places)
    total = graph.op("ReduceSum", found, np.array([1]), keepdims=0)
    if scale != 1:
        total = graph.op("Mul", total, np.float64(scale))
    return graph.op("Add", total, bias[None, :]) if bias.any() else total


def _saved(model: CatBoostModel) -> Any:
    """Return the model as CatBoost writes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.booster_.save_model(str(path), format="json")
        return json.loads(path.read_text(encoding="utf-8"))

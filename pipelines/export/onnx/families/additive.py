"""Additive models: every column's bin, then the sum of what the tables of the terms hold there."""

import numpy as np

from espalier.pipelines.export.onnx.features.matrix import Matrix
from espalier.pipelines.export.onnx.graph.functions import row_sum, sigmoid, softmax
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.learners.additive.additive_terms import AdditiveTerms, ColumnBins
from espalier.pipelines.learners.additive.explainable_boosting import ExplainableBoosting


def additive_probabilities(matrix: Matrix, model: ExplainableBoosting) -> Tensor:
    """Return probabilities of a fitted additive classifier, float64 (n_rows, n_classes)."""
    total = _total(matrix, model.terms_)
    if len(model.terms_.intercept) == 1:
        return sigmoid(matrix.graph, total)
    return softmax(matrix.graph, total)


def additive_values(matrix: Matrix, model: ExplainableBoosting) -> Tensor:
    """Return values of a fitted additive regressor, float64 (n_rows, 1)."""
    return _total(matrix, model.terms_)


def _total(matrix: Matrix, terms: AdditiveTerms) -> Tensor:
    """Return the intercept plus all terms, float64 (n_rows, width).

    The tables of all terms lie in one, below each other, so that a row reads all its terms at once.
    """
    graph, width = matrix.graph, len(terms.intercept)
    intercept = terms.intercept[None, :]
    if not terms.terms:
        some = graph.cast(graph.op("IsNaN", graph.take(matrix.doubles, [0])), np.float64)
        return graph.op("Add", graph.op("Mul", some, np.zeros((1, width))), intercept)
    tables, indices, first = [], [], 0
    for term in terms.terms:
        places = [
            _places(matrix, column, bins)
            for column, bins in zip(term.columns, term.bins, strict=True)
        ]
        index = places[0]
        for place, length in zip(places[1:], term.scores.shape[1:], strict=False):
            index = graph.op("Add", graph.op("Mul", index, np.int64(length)), place)
        tables.append(term.scores.reshape(-1, width))
        indices.append(graph.op("Add", index, np.int64(first)))
        first += len(tables[-1])
    found = graph.op("Gather", np.vstack(tables), graph.join(indices), axis=0)
    summed = graph.op("ReduceSum", found, np.array([1]), keepdims=0)
    return graph.op("Add", summed, intercept)


def _places(matrix: Matrix, column: int, bins: ColumnBins) -> Tensor:
    """Return the places of a column's values, int64 (n_rows, 1), as `ColumnBins.places`."""
    graph = matrix.graph
    values = graph.take(matrix.doubles, [column])
    if bins.cuts is not None:
        found = graph.op("Add", _count_passed(graph, values, bins.cuts), np.int64(1))
    else:
        found = _level_places(graph, values, bins)
    return graph.op("Where", graph.op("IsNaN", values), np.int64(0), found)


def _count_passed(graph: Graph, values: Tensor, cuts: np.ndarray) -> Tensor:
    """Return how many cuts are not larger than each value; an infinite one passes as it should."""
    if not len(cuts):
        return graph.cast(graph.op("IsNaN", values), np.int64)  # none, and NaN is replaced later
    passed = graph.op("GreaterOrEqual", values, cuts[None, :].astype(np.float64))
    return row_sum(graph, graph.cast(passed, np.int64))


def _level_places(graph: Graph, values: Tensor, bins: ColumnBins) -> Tensor:
    """Return the place of each code, and that of unseen levels for other codes."""
    unseen = np.int64(bins.unseen)
    if not bins.levels:
        return graph.op("Add", graph.cast(graph.op("IsNaN", values), np.int64), unseen)
    codes = np.array([list(bins.levels)], dtype=np.float64)
    # Beyond the place of unseen levels, which a code that is known moves to its own place.
    moves = np.array([list(bins.levels.values())], dtype=np.int64) - unseen
    known = graph.cast(graph.op("Equal", values, codes), np.int64)
    return graph.op("Add", row_sum(graph, graph.op("Mul", known, moves)), unseen)

"""Combine the members' predictions, and correct them by residual members."""

import numpy as np

from espalier.pipelines.ensemble.combination import Combination, CombinationSpace
from espalier.pipelines.export.onnx.features.columns import Columns
from espalier.pipelines.export.onnx.graph.functions import row_sum, sigmoid, softmax
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.export.onnx.whole.candidate import member_scores
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serving.residual_correction import ResidualCorrection


def combined(graph: Graph, answers: list[Tensor], rule: Combination) -> Tensor:
    """Return the ensemble's probabilities (n_rows, K) or values (n_rows, 1), float64.

    Parameters
    ----------
    graph : Graph
        Where nodes are added.
    answers : list of str
        The members' predictions, in the order of the weights.
    rule : Combination
        Weights and the space in which the members are combined.
    """
    if rule.space is CombinationSpace.PROBABILITY:
        mean = _weighted(graph, answers, np.asarray(rule.weights) / sum(rule.weights))
        if not rule.problem.is_classification:
            return mean
        return graph.op("Div", mean, row_sum(graph, mean))
    n_classes = max(2, len(rule.intercept))
    links = [to_link(graph, each, rule.problem, rule.floor, n_classes) for each in answers]
    link = _weighted(graph, links, np.asarray(rule.weights))
    intercept = np.asarray(rule.intercept, dtype=np.float64)[None, :]
    return from_link(graph, graph.op("Add", link, intercept), rule.problem)


def corrected(
    columns: Columns,
    prediction: Tensor,
    answers: list[Tensor],
    correction: ResidualCorrection,
) -> Tensor:
    """Return predictions corrected by residual members, in link space."""
    graph, problem, floor = columns.graph, correction.problem, correction.floor
    link = to_link(graph, prediction, problem, floor)
    if correction.sees_answers:
        columns = columns.with_numbers(
            {
                f"answer of member {place}, in link space": to_link(graph, each, problem, floor)
                for place, each in enumerate(answers)
            }
        )
    for member, step in zip(correction.members, correction.steps, strict=True):
        added = graph.op("Mul", member_scores(columns, member), np.float64(step))
        link = graph.op("Add", link, added)
    return from_link(graph, link, problem)


def spread(graph: Graph, answers: list[Tensor], rule: Combination) -> Tensor:
    """Return the weighted standard deviation of the members' values, (n_rows, 1)."""
    if len(answers) < 2:
        return graph.op("Mul", answers[0], np.float64(0.0))
    shares = (np.asarray(rule.weights) / sum(rule.weights))[:, None]
    table = graph.join(answers)
    away = graph.op("Sub", table, graph.op("MatMul", table, shares))
    return graph.op("Sqrt", graph.op("MatMul", graph.op("Mul", away, away), shares))


def to_link(
    graph: Graph, predictions: Tensor, problem: ProblemKind, floor: float, n_classes: int = 2
) -> Tensor:
    """Return predictions in link space, float64: the logit, centred logarithms, or the value."""
    if not problem.is_classification:
        return predictions
    # 2 * floor is shared by the classes.
    each = 2.0 * floor / n_classes
    clipped = graph.op("Clip", predictions, np.float64(0.0), np.float64(1.0))
    kept = graph.op("Mul", clipped, np.float64(1.0 - n_classes * each))
    logs = graph.op("Log", graph.op("Add", kept, np.float64(each)))
    if problem is ProblemKind.BINARY:
        return graph.op("Sub", graph.take(logs, [1]), graph.take(logs, [0]))
    return graph.op("Sub", logs, graph.op("ReduceMean", logs, np.array([1]), keepdims=1))


def from_link(graph: Graph, link: Tensor, problem: ProblemKind) -> Tensor:
    """Return probabilities (n_rows, K) or values (n_rows, 1)."""
    if not problem.is_classification:
        return link
    return sigmoid(graph, link) if problem is ProblemKind.BINARY else softmax(graph, link)


def _weighted(graph: Graph, parts: list[Tensor], weights: np.ndarray) -> Tensor:
    """Return the sum of the parts times their weights; those of weight 0 are left out."""
    return graph.add(
        *(
            graph.op("Mul", part, np.float64(weight))
            for part, weight in zip(parts, weights, strict=True)
            if weight != 0
        )
    )

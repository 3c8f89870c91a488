"""A member of an ensemble, or one of its fold models: preprocessing, model and their scale."""

import numpy as np

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.families.registry import probabilities, values
from espalier.pipelines.export.onnx.features.columns import Columns
from espalier.pipelines.export.onnx.features.matrix import feature_matrix
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.learners.candidate import Candidate
from espalier.pipelines.learners.constant import ConstantCandidate
from espalier.pipelines.members.member import Member

_LARGEST_EXPONENT = 500.0


def member_scores(columns: Columns, member: Member) -> Tensor:
    """Return a member's probabilities (n_rows, K) or values (n_rows, 1), float64.

    Raises
    ------
    CannotExportError
        A part of it has no form in ONNX; the error names the member and its family.
    """
    owner = f"member {member.number} ({member.family})"
    try:
        scores = [candidate_scores(columns, each) for each in member.candidates]
    except CannotExportError as error:
        raise error.within(owner) from error.__cause__
    if len(scores) == 1:
        return scores[0]
    return columns.graph.op("Div", columns.graph.add(*scores), np.float64(len(scores)))


def candidate_scores(columns: Columns, candidate: Candidate) -> Tensor:
    """Return one fitted configuration's probabilities (n_rows, K) or values (n_rows, 1).

    They are rounded to float32, as the candidate's own are, so that ties stay ties.
    """
    if isinstance(candidate, ConstantCandidate):
        answer = np.asarray(candidate.answer_, dtype=np.float32).reshape(1, -1)
        return columns.repeat(answer.astype(np.float64))
    graph, shape = columns.graph, candidate.shape
    if shape.problem.is_classification:
        present = candidate.present_
        assert present is not None  # a classifier always has them
        placed = np.eye(shape.n_classes)[present]
        if candidate.model_ is None:
            return columns.repeat(placed)
        known = probabilities(feature_matrix(columns, candidate.features_), candidate.model_)
        if len(present) < shape.n_classes:
            known = graph.op("MatMul", known, placed)
        return _rounded(graph, known)
    mean = np.float64(candidate.mean_)
    if candidate.model_ is None:
        return _rounded(graph, columns.repeat(np.array([[mean]])))
    value = values(feature_matrix(columns, candidate.features_), candidate.model_)
    transform = candidate.aim.transform
    if transform.on_log:
        value = graph.op("Clip", value, np.float64(0.0), np.float64(_LARGEST_EXPONENT))
        value = graph.op("Sub", graph.op("Exp", value), np.float64(1.0))
    if transform.unit != 1.0:
        value = graph.op("Mul", value, np.float64(transform.unit))
    unusable = graph.op("Or", graph.op("IsNaN", value), graph.op("IsInf", value))
    value = graph.op("Where", unusable, mean, value)
    largest = np.float64(np.finfo(np.float32).max)
    return _rounded(graph, graph.op("Clip", value, -largest, largest))


def _rounded(graph: Graph, tensor: Tensor) -> Tensor:
    return graph.cast(graph.cast(tensor, np.float32), np.float64)

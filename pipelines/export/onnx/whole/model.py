"""A whole model as one graph: columns, members, their combination and what follows it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.export.base.errors import CannotExportError
from espalier.pipelines.export.onnx.features.columns import Columns
from espalier.pipelines.export.onnx.features.lookups import Lookups
from espalier.pipelines.export.onnx.graph.graph import Graph, Tensor
from espalier.pipelines.export.onnx.whole import adjustments as after
from espalier.pipelines.export.onnx.whole.candidate import member_scores
from espalier.pipelines.export.onnx.whole.combination import combined, corrected, spread
from espalier.pipelines.members.member import Member
from espalier.pipelines.preprocessing.matrix import FeatureMatrix
from espalier.pipelines.serving.model import EnsembleModel

LABEL, PROBABILITIES = "label", "probabilities"
VALUE, LOWER, UPPER = "value", "lower", "upper"


@dataclass(frozen=True, slots=True)
class ModelGraph:
    """The graph of a model.

    Attributes
    ----------
    graph : Graph
        Inputs are the raw columns, by name.
    lookups : Lookups
        The strings that are known.
    names : dict of str to str
        What each output (`LABEL`, ...) is called in the graph: its name, with underscores after
        it where a column has that name.
    members : dict of str to str
        The predictions of each member, by ``member NUMBER (family)``.
    """

    graph: Graph
    lookups: Lookups
    names: dict[str, str]
    members: dict[str, Tensor]


def model_graph(
    model: EnsembleModel, *, coverage: float = 0.9, columns_type: type[Columns] = Columns
) -> ModelGraph:
    """Return a model as a graph.

    Parameters
    ----------
    model : EnsembleModel
        The model.
    coverage : float
        Of the prediction intervals of a regression that has them.
    columns_type : type
        How raw columns are read.

    Raises
    ------
    CannotExportError
        A part has no form in ONNX; the error names it, and the member that it belongs to.
    """
    graph = Graph()
    lookups = Lookups.of(_matrices(model))
    columns = columns_type.of(model.preparation, lookups, graph)
    answers = [member_scores(columns, each) for each in model.members]
    prediction = combined(graph, answers, model.combination)
    if model.correction is not None:
        prediction = corrected(columns, prediction, answers, model.correction)
    names = [f"member {each.number} ({each.family})" for each in model.members]
    members = dict(zip(names, answers, strict=True))
    outputs = _Outputs(graph)
    if model.classes is None:
        _add_values(outputs, model, prediction, answers, coverage)
    else:
        _add_classes(outputs, model, prediction, as_codes=columns_type is not Columns)
    return ModelGraph(graph, lookups, outputs.names, members)


def _matrices(model: EnsembleModel) -> Iterator[FeatureMatrix]:
    """Yield the fitted preprocessing of every candidate."""
    residual: tuple[Member, ...] = () if model.correction is None else model.correction.members
    for member in (*model.members, *residual):
        for candidate in member.candidates:
            features = getattr(candidate, "features_", None)
            if features is not None and candidate.model_ is not None:
                yield features


class _Outputs:
    """Outputs under names that no column has."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.names: dict[str, str] = {}

    def add(self, name: str, tensor: Tensor, dtype: Any, shape: tuple[int | None, ...]) -> None:
        free = name
        while free in self.graph.inputs:
            free += "_"
        self.names[name] = free
        self.graph.add_output(free, tensor, dtype, shape)


def _add_classes(
    outputs: _Outputs, model: EnsembleModel, prediction: Tensor, *, as_codes: bool
) -> None:
    graph, classes = outputs.graph, model.classes
    assert classes is not None
    calibrator = model.adjustments.calibrator
    probabilities = after.calibrated(graph, prediction, calibrator, len(classes))
    codes = after.class_codes(graph, probabilities, model.adjustments.threshold)
    labels = exported_labels(classes)
    if not as_codes:
        codes = graph.op("Gather", labels, codes)
    outputs.add(LABEL, codes, labels.dtype, (None,))
    outputs.add(PROBABILITIES, probabilities, np.float64, (None, len(classes)))


def _add_values(
    outputs: _Outputs,
    model: EnsembleModel,
    prediction: Tensor,
    answers: list[Tensor],
    coverage: float,
) -> None:
    graph, adjustments = outputs.graph, model.adjustments
    values = after.above_floor(graph, prediction, adjustments)
    shown = {VALUE: values}
    if adjustments.intervals is not None:
        away = spread(graph, answers, model.combination)
        bounds = after.interval_bounds(graph, values, away, adjustments.intervals, coverage)
        lower, upper = (after.above_floor(graph, each, adjustments) for each in bounds)
        shown |= {LOWER: lower, UPPER: upper}
    for name, tensor in shown.items():
        outputs.add(name, graph.op("Reshape", tensor, np.array([-1])), np.float64, (None,))


def exported_labels(classes: NDArray[Any]) -> NDArray[Any]:
    """Return the labels as the file gives them: integers, numbers, booleans, or else texts."""
    if classes.dtype.kind in "iu":
        return classes.astype(np.int64)
    if classes.dtype.kind == "f":
        return classes.astype(np.float64)
    if classes.dtype.kind == "b":
        return classes
    texts = np.array([str(each) for each in classes], dtype=object)
    if len(set(texts)) < len(texts):
        raise CannotExportError(
            "a target whose labels have the same text",
            advice="give each label a text of its own and train again",
        )
    return texts


def metadata(model: EnsembleModel, made: ModelGraph, *, coverage: float) -> dict[str, str]:
    """Return what the file says about itself, for ``metadata_props``."""
    roles = model.preparation.roles
    facts: dict[str, Any] = {
        "task": str(model.problem),
        "metric": model.metric,
        "target": model.target,
        "columns": {name: str(role) for name, role in roles.items()},
        "outputs": made.names,
        "classes": None if model.classes is None else [str(each) for each in model.classes],
        "threshold": model.adjustments.threshold,
        "coverage": coverage if LOWER in made.names else None,
        "members": list(made.members),
    }
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in facts.items()
        if value is not None
    }

"""Write an ONNX file and ask it the rows that the model was asked."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from espalier.pipelines.errors import UserError
from espalier.pipelines.export.base.agreement import Agreement, Answers, agreement
from espalier.pipelines.export.base.scoring import feeds, score, session
from espalier.pipelines.export.onnx.graph.serialise import to_onnx
from espalier.pipelines.export.onnx.whole.model import (
    LABEL,
    LOWER,
    PROBABILITIES,
    UPPER,
    VALUE,
    ModelGraph,
    exported_labels,
    metadata,
    model_graph,
)
from espalier.pipelines.serving.model import EnsembleModel

_MEMBER = "espalier member "


def write_onnx(
    model: EnsembleModel,
    path: Path,
    prepared: pd.DataFrame,
    *,
    coverage: float,
    facts: Mapping[str, str],
) -> tuple[Agreement, tuple[str, ...]]:
    """Write a model as ONNX and compare it on prepared rows; notes are empty.

    Raises
    ------
    CannotExportError
        A part of the model has no form in ONNX.
    UserError
        A package is missing.
    """
    try:
        import onnx  # noqa: F401 - for the sake of the error
    except ImportError:
        raise UserError(
            "onnx is not installed; install espalier[export] to export models"
        ) from None
    made = model_graph(model, coverage=coverage)
    about = metadata(model, made, coverage=coverage) | dict(facts)
    path.write_bytes(to_onnx(made.graph, name="espalier", metadata=about).SerializeToString())
    answers = _answers(model, made, path, prepared)
    found = agreement(model, prepared, answers, coverage=coverage)
    if found.holds or not made.members:
        return found, ()
    # Once more, with every member's answers, to tell which one is to blame.
    for name, tensor in made.members.items():
        made.graph.add_output(_MEMBER + name, tensor, np.float64, (None, None))
    path.write_bytes(to_onnx(made.graph, name="espalier", metadata=about).SerializeToString())
    answers = _answers(model, made, path, prepared, members=True)
    return agreement(model, prepared, answers, coverage=coverage), ()


def _answers(
    model: EnsembleModel,
    made: ModelGraph,
    path: Path,
    prepared: pd.DataFrame,
    *,
    members: bool = False,
) -> Answers:
    """Return what the file makes of the rows."""
    outputs = [_MEMBER + name for name in made.members] if members else []
    inputs = feeds(prepared, model.preparation)
    opened = session(path)
    labels, bounds = None, None
    if model.classes is None:
        shown = [made.names[name] for name in (VALUE, LOWER, UPPER) if name in made.names]
        found = score(opened, inputs, [*shown, *outputs])
        scores, rest = found[0], found[len(shown) :]
        if len(shown) > 1:
            bounds = np.column_stack(found[1:3])
    else:
        found = score(opened, inputs, [made.names[PROBABILITIES], made.names[LABEL], *outputs])
        scores, rest = found[0], found[2:]
        codes = {label: code for code, label in enumerate(exported_labels(model.classes).tolist())}
        labels = np.array([codes[label] for label in found[1].tolist()], dtype=np.int64)
    told = dict(zip(made.members, rest, strict=False))
    return Answers(scores=scores, labels=labels, bounds=bounds, members=told)

"""What the endpoint says of a model: schema, version, and an example that works."""

from collections.abc import Mapping
from typing import Any

from espalier.infra.web.answering.messages import ModelFacts, ServedColumn
from espalier.infra.web.endpoint.served_model import ServedModel
from espalier.pipelines.problem import FORECAST
from espalier.pipelines.serving.series_forecaster import PREDICTION

Json = dict[str, Any]

# What JSON can hold for each kind of column. Numbers, durations and dates may be text too, as the
# training table had them; a schema cannot say which texts.
_TYPES: Mapping[str, Json] = {
    "number": {"type": ["number", "boolean", "null"]},
    "duration": {"type": ["number", "string", "null"]},
    "date": {"type": ["string", "null"], "format": "date-time"},
    "text": {"type": ["string", "number", "boolean", "null"]},
    "file": {"type": ["string", "null"], "pattern": "^data:"},
    "any": {},
}


def describe(model: ServedModel, *, challenger_share: float) -> Json:
    """Return what ``GET /models/NAME`` answers."""
    placement = model.placement
    if placement is None:
        return {"model": model.name, "status": "starting", "version": None, "alias": None}
    facts = model.sets[placement.version].facts
    challenger = placement.challenger
    return {
        "model": model.name,
        "version": placement.version,
        "alias": placement.alias,
        "status": "ready" if model.is_ready else "restarting",
        "challenger": None
        if challenger is None
        else {"version": challenger, "share": challenger_share},
        "problem": model.problem or None,
        "task": facts.problem,
        "labels": list(facts.labels) or None,
        "has_intervals": facts.has_intervals,
        "columns": [
            {"name": each.name, "kind": each.kind, "example": each.example}
            for each in facts.columns
        ],
        "schema": row_schema(facts),
        "example": {"rows": facts.example_rows},
        "notes": list(facts.notes),
    }


def row_schema(facts: ModelFacts) -> Json:
    """Return the JSON schema of a row."""
    return {
        "type": "object",
        "required": [each.name for each in facts.columns if each.is_required],
        "properties": {each.name: _column_schema(each) for each in facts.columns},
        "additionalProperties": True,
        **({"example": facts.example_rows[0]} if facts.columns else {}),
    }


def _column_schema(column: ServedColumn) -> Json:
    return {
        **_TYPES[column.kind],
        **({} if column.example is None else {"example": column.example}),
    }


def example_answer(model: ServedModel) -> Json:
    """Return an answer as the model gives it, with made-up figures."""
    placement = model.placement
    if placement is None:
        return {}
    facts = model.sets[placement.version].facts
    answer: Json = {"model": model.name, "version": placement.version, "alias": placement.alias}
    if facts.problem == FORECAST:
        answer["predictions"] = [{PREDICTION: 0.0}]
    elif facts.labels:
        share = round(1.0 / len(facts.labels), 3)
        answer["predictions"] = [facts.labels[0]]
        answer["probabilities"] = [dict.fromkeys(facts.label_keys, share)]
    else:
        answer["predictions"] = [0.0]
    return answer

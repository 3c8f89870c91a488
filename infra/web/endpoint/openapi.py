"""The OpenAPI document: each served model with its own schema and an example that works."""

from typing import Any
from urllib.parse import quote

from espalier.infra.version import own_version
from espalier.infra.web.answering.asked import MOST_QUANTILES
from espalier.infra.web.answering.messages import CSV, JSON, PARQUET
from espalier.infra.web.endpoint.description import example_answer, row_schema
from espalier.infra.web.endpoint.endpoint import Endpoint
from espalier.infra.web.endpoint.served_model import ServedModel
from espalier.pipelines.problem import FORECAST

Json = dict[str, Any]

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string", "description": "What is wrong."},
        "column": {"type": "string", "description": "The column that is wrong."},
        "row": {"type": "integer", "description": "The row that is wrong, counted from 0."},
    },
}
_REFUSALS = {
    "400": "The body cannot be read.",
    "401": "There is no token, or a wrong one.",
    "408": "The body did not arrive in time.",
    "413": "Too many rows or bytes.",
    "415": "A body of another type than JSON, CSV and Parquet.",
    "421": "The request is for another host.",
    "422": "The rows do not fit the model: columns are missing, or a cell cannot be read.",
    "500": "The model failed.",
    "503": "Too many requests wait, or the model is starting; try again later.",
    "504": "The model did not answer in time.",
}
_SHARE = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
_INTERVAL = {**_SHARE, "description": "Coverage of prediction intervals, such as 0.9 (regression)."}
_LEVELS = {
    "type": "array",
    "items": _SHARE,
    "maxItems": MOST_QUANTILES,
    "description": "Levels of quantiles, such as [0.1, 0.5, 0.9] (regression).",
}
_PROBABILITIES = {"type": "boolean", "default": True, "description": "Give class probabilities."}
_EXPLAIN = {"type": "boolean", "default": False, "description": "Say what each column contributed."}
_NUMBER = {"type": ["number", "null"]}


def openapi(endpoint: Endpoint) -> Json:
    """Return the document for what is served now."""
    paths: Json = {
        "/health": _get("Whether the server is up.", {"status": "ok"}),
        "/ready": _get("Whether every model can answer.", {"status": "ready"}, also=("503",)),
        "/models": _get("The served models.", None, also=("401", "421")),
        "/metrics": {
            "get": {
                "summary": "Figures for Prometheus.",
                "responses": {
                    "200": {
                        "description": "Prometheus's text format.",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    },
                    **_refusals("401", "421"),
                },
            }
        },
    }
    for name, model in endpoint.models.items():
        place = f"/models/{quote(name)}"
        paths[place] = _get(f"Schema and version of {name}.", None, also=("401", "421"))
        paths[f"{place}/predict"] = {"post": _predict(endpoint, name, model)}
    if len(endpoint.models) == 1:
        paths["/invocations"] = {"post": _invocations(next(iter(endpoint.models.values())))}
    document: Json = {
        "openapi": "3.1.0",
        "info": {"title": "Espalier endpoint", "version": own_version()},
        "paths": paths,
        "components": {"schemas": {"Error": _ERROR}},
    }
    if endpoint.options.token is not None:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        for open_path in ("/health", "/ready"):
            paths[open_path]["get"]["security"] = []
    return document


def _get(summary: str, example: Json | None, *, also: tuple[str, ...] = ()) -> Json:
    content: Json = {"schema": {"type": "object"}}
    if example is not None:
        content["example"] = example
    return {
        "get": {
            "summary": summary,
            "responses": {
                "200": {"description": "OK", "content": {JSON: content}},
                **_refusals(*also),
            },
        }
    }


def _refusals(*statuses: str) -> Json:
    content = {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {each: {"description": _REFUSALS[each], "content": content} for each in statuses}


def _predict(endpoint: Endpoint, name: str, model: ServedModel) -> Json:
    facts = None if model.placement is None else model.sets[model.placement.version].facts
    row: Json = {"type": "object"} if facts is None else row_schema(facts)
    rows: Json = {"type": "array", "items": row, "maxItems": endpoint.options.most_rows}
    is_forecast = facts is not None and facts.problem == FORECAST
    offered: Json = {} if is_forecast else {"probabilities": _PROBABILITIES}
    if facts is not None and facts.has_intervals:
        offered |= {"interval": _INTERVAL, "quantiles": _LEVELS}
    if facts is not None and facts.can_explain:
        offered["explain"] = _EXPLAIN
    body: Json = {
        "type": "object",
        "required": ["rows"],
        "properties": {"rows": rows, **offered},
        "additionalProperties": False,
    }
    example = {"rows": facts.example_rows} if facts is not None and facts.columns else {"rows": []}
    return {
        "summary": f"Predict rows with {name}.",
        "operationId": f"predict {name}",
        "parameters": [
            {
                "name": option,
                "in": "query",
                "schema": schema,
                **({"style": "form", "explode": False} if option == "quantiles" else {}),
            }
            for option, schema in offered.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": body, "example": example},
                CSV: {"schema": {"type": "string"}},
                PARQUET: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        "responses": {
            "200": {
                "description": "The forecasts, one for each series and step."
                if is_forecast
                else "The answers, one a row.",
                "content": {JSON: {"schema": _answer(), "example": example_answer(model)}},
            },
            **_refusals(*_REFUSALS),
        },
    }


def _answer() -> Json:
    by_class = {"type": "object", "additionalProperties": {"type": "number"}}
    by_level = {"type": "object", "additionalProperties": _NUMBER}
    bounds = {"type": "object", "properties": {"lower": _NUMBER, "upper": _NUMBER}}
    return {
        "type": "object",
        "required": ["model", "version", "alias", "predictions"],
        "properties": {
            "model": {"type": "string"},
            "version": {"type": "integer"},
            "alias": {"type": ["string", "null"]},
            "predictions": {"type": "array"},
            "probabilities": {"type": "array", "items": by_class},
            "intervals": {"type": "array", "items": bounds},
            "quantiles": {"type": "array", "items": by_level},
            "explanations": {"type": "array", "items": {"type": "object"}},
            "warnings": {"type": "array", "items": {"type": "string"}},
        },
    }


def _invocations(model: ServedModel) -> Json:
    facts = None if model.placement is None else model.sets[model.placement.version].facts
    example = {"dataframe_records": [] if facts is None else facts.example_rows}
    row: Json = {"type": "object"} if facts is None else row_schema(facts)
    body: Json = {
        "type": "object",
        "required": ["dataframe_records"],
        "properties": {
            "dataframe_records": {"type": "array", "items": row},
            "params": {"type": "object", "properties": {}, "additionalProperties": False},
        },
    }
    if facts is not None and facts.has_intervals:
        body["properties"]["params"]["properties"] = {"interval": _INTERVAL}
    return {
        "summary": "Predict rows, as MLflow's own server takes and answers them.",
        "description": "MLflow's other bodies work too: dataframe_split, inputs and instances.",
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": body, "example": example}},
        },
        "responses": {
            "200": {
                "description": "The answers, a record a row.",
                "content": {
                    JSON: {
                        "schema": {
                            "type": "object",
                            "required": ["predictions"],
                            "properties": {"predictions": {"type": "array"}},
                        }
                    }
                },
            },
            **_refusals(*_REFUSALS),
        },
    }

"""Lines of the request log: one JSON object a row that was answered."""

import datetime
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from espalier.infra.web.answering.answering_model import Answers
from espalier.infra.web.answering.json_values import json_value
from espalier.infra.web.answering.messages import LogRules, ModelFacts, Question
from espalier.infra.web.answering.raw_rows import RawRows


def log_lines(
    question: Question,
    rows: RawRows,
    answers: Answers,
    *,
    version: int,
    facts: ModelFacts,
    rules: LogRules,
) -> bytes:
    """Return the lines of one request.

    A line has ``at`` (UTC), ``request`` and ``row`` (its position in the request), ``version`` and
    ``alias``, ``values`` (the cells as they were sent, without redacted columns and files),
    ``prediction`` and, of a classifier, ``probabilities``.
    """
    names = [each.name for each in facts.columns if each.kind != "file"] or list(rows.columns)
    kept = [name for name in names if name not in rules.redacted and name in rows.columns]
    if rules.id_column is not None and rules.id_column in rows.columns:
        kept = list(dict.fromkeys([*kept, rules.id_column]))
    at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    by_row = len(answers.predictions) == rows.n_rows
    beside = answers.beside.get("probabilities")
    lines = []
    for place in range(rows.n_rows):
        line: dict[str, Any] = {
            "at": at,
            "request": question.request_id,
            "row": place,
            "version": version,
            "alias": question.alias,
            "values": _values(rows.columns, kept, place),
        }
        if by_row:
            line["prediction"] = answers.predictions[place]
        if beside:
            line["probabilities"] = beside[place]
        lines.append(to_json(line, inf_nan_mode="null"))
    return b"".join(line + b"\n" for line in lines)


def _values(columns: Mapping[str, Any], names: list[str], place: int) -> dict[str, Any]:
    values = {}
    for name in names:
        cells = columns[name]
        values[name] = json_value(cells[place] if isinstance(cells, list) else cells.iloc[place])
    return values

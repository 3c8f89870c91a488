"""Answers of any other MLflow model: what its pyfunc returns, as records."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from espalier.infra.web.answering.answering_model import Answers, ReadRows
from espalier.infra.web.answering.asked import OPTIONS, Asked
from espalier.infra.web.answering.file_bodies import read_body
from espalier.infra.web.answering.json_values import json_value, key_text
from espalier.infra.web.answering.messages import ModelFacts, ServedColumn
from espalier.infra.web.answering.raw_rows import RawRows
from espalier.infra.web.answering.refusals import RefusedError


@dataclass(frozen=True, slots=True, eq=False)
class PlainRows:
    """Rows as they came, for a model that reads them itself.

    Attributes
    ----------
    table : DataFrame
        The rows.
    warnings : tuple of str
        What of the request was not used.
    """

    table: pd.DataFrame = field(repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.table)


class PyfuncAnswers:
    """Any other MLflow model, such as a forecast: rows in, and whatever it answers as records out.

    Its answers need not be one a row (a forecast has one for every step of the horizon), so
    requests are answered one by one.

    Parameters
    ----------
    model : mlflow.pyfunc.PyFuncModel
        The loaded model.
    most_rows : int
        Number of rows to accept in one request.
    """

    answers_by_row = False

    def __init__(self, model: Any, *, most_rows: int) -> None:
        self._model = model
        self._most_rows = most_rows
        schema = model.metadata.get_input_schema()
        named = schema is not None and schema.has_input_names()
        self._required = tuple(map(str, schema.required_input_names())) if named else ()
        names = tuple(map(str, schema.input_names())) if named else ()
        example = _example_row(model, names)
        self._facts = ModelFacts(
            problem="other",
            columns=tuple(
                ServedColumn(name=name, kind="any", example=example.get(name)) for name in names
            ),
        )

    @property
    def facts(self) -> ModelFacts:
        """What it needs and answers."""
        return self._facts

    def read_body(self, body: bytes, media: str) -> tuple[RawRows, dict[str, Any]]:
        """Return the rows of a body and the options that it holds."""
        rows, options = read_body(body, media, most_rows=self._most_rows)
        return rows, {name: each for name, each in options.items() if name in OPTIONS}

    def read_rows(self, rows: RawRows, *, id_column: str | None = None) -> PlainRows:
        """Return the rows as a table."""
        del id_column
        missing = [name for name in self._required if name not in rows.columns]
        if missing and rows.n_rows:
            listed = ", ".join(repr(name) for name in missing)
            raise RefusedError(
                f"the rows lack {len(missing)} column(s) of the model: {listed}", column=missing[0]
            )
        return PlainRows(pd.DataFrame(dict(rows.columns), index=pd.RangeIndex(rows.n_rows)))

    def answer(self, parts: Sequence[ReadRows], asked: Asked) -> Answers:
        """Answer the rows of one request."""
        del asked  # nothing else is asked of such a model: see ModelFacts
        tables = [each.table for each in parts]
        table = tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)
        try:
            found = self._model.predict(table)
        except Exception as error:
            # Of a model of another maker it cannot be told whether the rows or the model are wrong.
            said = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            raise RefusedError(f"the model cannot answer these rows: {said}") from error
        return Answers(predictions=as_records(found))

    def mlflow_records(self, answers: Answers) -> list[Any]:
        """Return the answers as they are."""
        return answers.predictions


def as_records(found: Any) -> list[Any]:
    """Return what a pyfunc answers as a JSON-ready list: a table as a record a row."""
    if isinstance(found, pd.DataFrame):
        if not isinstance(found.index, pd.RangeIndex) and any(found.index.names):
            found = found.reset_index()
        names = [key_text(name) for name in found.columns]
        cells = [found.iloc[:, at].tolist() for at in range(len(names))]
        return [
            {name: json_value(cell) for name, cell in zip(names, row, strict=True)}
            for row in zip(*cells, strict=True)
        ]
    if isinstance(found, (pd.Series, np.ndarray)):
        found = found.tolist()
    listed = found if isinstance(found, (list, tuple)) else [found]
    return [json_value(each) for each in listed]


def _example_row(model: Any, names: Sequence[str]) -> Mapping[str, Any]:
    """Return the first row of the example that the model was logged with; nothing without one."""
    try:
        example = model.input_example
    except Exception:  # no example, or one that this MLflow cannot read
        return {}
    if isinstance(example, str):
        try:
            example = pd.read_json(io.StringIO(example), orient="split")
        except ValueError:
            return {}
    if not isinstance(example, pd.DataFrame) or example.empty:
        return {}
    row = example.iloc[0]
    return {name: json_value(row[name]) for name in names if name in example.columns}

"""Answers of Espalier's own models."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.infra.web.answering.answering_model import Answers, ReadRows
from espalier.infra.web.answering.asked import Asked
from espalier.infra.web.answering.file_bodies import read_body
from espalier.infra.web.answering.json_values import finite_list, json_value, label_keys
from espalier.infra.web.answering.messages import ModelFacts
from espalier.infra.web.answering.raw_rows import RawRows
from espalier.infra.web.answering.served_columns import FILE, kind_of, served_columns
from espalier.infra.web.answering.typed_columns import TypedColumns, read_once, typed_columns
from espalier.pipelines.explain.effects.contributions import explain_row
from espalier.pipelines.serving.model import EnsembleModel

Floats = NDArray[np.float64]


class EnsembleAnswers:
    """One of Espalier's models, asked by request.

    Parameters
    ----------
    model : EnsembleModel
        The model.
    notes : tuple of str
        What is different since it was saved.
    background : DataFrame or None
        Raw rows to explain answers by; None for the model's example rows.
    most_rows : int
        Number of rows to accept in one request.
    """

    answers_by_row = True

    def __init__(
        self,
        model: EnsembleModel,
        *,
        notes: tuple[str, ...] = (),
        background: pd.DataFrame | None = None,
        most_rows: int,
    ) -> None:
        self._model = model
        self._plans = model.preparation.plans
        self._most_rows = most_rows
        self._background = _read_background(background, model)
        columns = served_columns(self._plans, model.example)
        self._text_columns = tuple(each.name for each in columns if each.kind == "text")
        classes = () if model.classes is None else tuple(model.classes.tolist())
        self._facts = ModelFacts(
            problem=str(model.problem),
            columns=columns,
            labels=tuple(json_value(label) for label in classes),
            label_keys=label_keys(classes),
            has_intervals=model.adjustments.intervals is not None,
            can_explain=self._background is not None,
            notes=notes,
        )

    @property
    def facts(self) -> ModelFacts:
        """What it needs and answers."""
        return self._facts

    def read_body(self, body: bytes, media: str) -> tuple[RawRows, dict[str, Any]]:
        """Return the rows of a body and the options that it holds."""
        return read_body(
            body,
            media,
            most_rows=self._most_rows,
            text_columns=self._text_columns,
            styles=self._model.preparation.number_styles,
        )

    def read_rows(self, rows: RawRows, *, id_column: str | None = None) -> TypedColumns:
        """Return the rows as the model needs them."""
        known = [each for each in (id_column, self._model.target) if each is not None]
        return typed_columns(rows, self._plans, also_known=known)

    def answer(self, parts: Sequence[ReadRows], asked: Asked) -> Answers:
        """Answer the rows of several requests, one after the other."""
        rows = TypedColumns.joined([part for part in parts if isinstance(part, TypedColumns)])
        if not rows.n_rows:
            return Answers(predictions=[])
        scores = self._model.predict_scores(rows.table)
        beside: dict[str, list[Any]] = {}
        if self._model.classes is None:
            predictions: list[Any] = finite_list(scores)
        else:
            predictions = [self._facts.labels[code] for code in self._model.codes(scores)]
            if asked.probabilities:
                keys = self._facts.label_keys
                beside["probabilities"] = [
                    dict(zip(keys, row, strict=True)) for row in scores.tolist()
                ]
        if asked.interval is not None:
            _, lower, upper = self._model.predict_interval(rows.table, asked.interval)
            beside["intervals"] = [
                {"lower": low, "upper": high}
                for low, high in zip(finite_list(lower), finite_list(upper), strict=True)
            ]
        if asked.quantiles:
            beside["quantiles"] = self._quantiles(rows.table, asked.quantiles)
        if asked.explain:
            beside["explanations"] = self._explanations(rows, scores)
        return Answers(predictions=predictions, beside=beside)

    def mlflow_records(self, answers: Answers) -> list[dict[str, Any]]:
        """Return a record a row: ``prediction`` and, for a classifier, ``proba_<class>``."""
        records = [{"prediction": each} for each in answers.predictions]
        for record, shares in zip(records, answers.beside.get("probabilities", ()), strict=False):
            record.update({f"proba_{key}": share for key, share in shares.items()})
        for record, bounds in zip(records, answers.beside.get("intervals", ()), strict=False):
            record.update(bounds)
        return records

    def _quantiles(self, table: pd.DataFrame, levels: Sequence[float]) -> list[dict[str, Any]]:
        """Return quantiles of every row, by level: the bounds of central intervals.

        The middle one is the predicted value.
        """
        found: dict[str, list[float | None]] = {}
        for level in levels:
            coverage = abs(2.0 * level - 1.0)
            if coverage < 1e-9:
                found[str(level)] = finite_list(self._model.predict_scores(table))
                continue
            _, lower, upper = self._model.predict_interval(table, coverage)
            found[str(level)] = finite_list(lower if level < 0.5 else upper)
        return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]

    def _explanations(self, rows: TypedColumns, scores: Floats) -> list[dict[str, Any]]:
        background = self._background
        if background is None:
            return []
        table, explained = rows.table, []
        codes = None if self._model.classes is None else self._model.codes(scores)
        for at in range(rows.n_rows):
            code = None if codes is None else int(codes[at])
            found = explain_row(_Output(self._model, code), table.iloc[[at]], background)
            of: Mapping[str, Any] = {} if code is None else {"of": self._facts.label_keys[code]}
            explained.append(
                {**of, "base": found.base, "answer": found.answer, "columns": found.columns}
            )
        return explained


class _Output:
    """What is explained: the predicted value, or the probability of one class."""

    def __init__(self, model: EnsembleModel, code: int | None) -> None:
        self._model = model
        self._code = code

    def __call__(self, table: pd.DataFrame) -> Floats:
        scores = self._model.predict_scores(table)
        return scores if self._code is None else scores[:, self._code]


def _read_background(rows: pd.DataFrame | None, model: EnsembleModel) -> pd.DataFrame | None:
    """Return rows to compare with, as the model reads them; None if there are none.

    Pictures are not explained: other rows' cannot stand in for them.
    """
    raw = model.example if rows is None else rows
    has_files = any(kind_of(plan) == FILE for plan in model.preparation.plans)
    if raw is None or not len(raw) or has_files:
        return None
    columns = {plan.name: read_once(raw[plan.name], plan) for plan in model.preparation.plans}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(raw)))

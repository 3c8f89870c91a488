"""Answers a batch of requests: their rows are put together, predicted once, and taken apart."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from espalier.infra.web.answering.answering_model import AnsweringModel, Answers, ReadRows
from espalier.infra.web.answering.asked import Asked, read_options
from espalier.infra.web.answering.log_lines import log_lines
from espalier.infra.web.answering.messages import LogRules, ModelFacts, Question, Reply
from espalier.infra.web.answering.raw_rows import RawRows
from espalier.infra.web.answering.refusals import UNFIT, RefusedError
from espalier.pipelines.errors import UserError

_LOG = logging.getLogger(__name__)

_OK, _FAILED = 200, 500


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A question that was understood."""

    place: int
    question: Question
    raw: RawRows
    rows: ReadRows
    asked: Asked


class Answerer:
    """Answers requests with one version of a model.

    Parameters
    ----------
    model : AnsweringModel
        The opened model.
    name : str
        Name of the registered model.
    version : int
        Number of the version.
    rules : LogRules
        What of a row may be logged.
    """

    def __init__(
        self, model: AnsweringModel, *, name: str, version: int, rules: LogRules | None = None
    ) -> None:
        self._model = model
        self._name = name
        self._version = version
        self._rules = rules or LogRules()

    @property
    def facts(self) -> ModelFacts:
        """What the model needs and answers."""
        return self._model.facts

    def answer(self, questions: Sequence[Question]) -> tuple[Reply, ...]:
        """Return a reply to every question, in their order; a wrong one harms no other."""
        replies: dict[int, Reply] = {}
        groups: dict[Asked, list[_Entry]] = {}
        for place, question in enumerate(questions):
            try:
                entry = self._understand(place, question)
            except Exception as error:
                replies[place] = _refusal(error)
                continue
            groups.setdefault(entry.asked, []).append(entry)
        for asked, entries in groups.items():
            for joined in [entries] if self._model.answers_by_row else [[each] for each in entries]:
                self._answer_group(joined, asked, replies)
        return tuple(replies[place] for place in range(len(questions)))

    def _understand(self, place: int, question: Question) -> _Entry:
        raw, options = self._model.read_body(question.body, question.media)
        asked = read_options(question.options, options)
        asked.require_of(self._model.facts, raw.n_rows)
        rows = self._model.read_rows(raw, id_column=self._rules.id_column)
        return _Entry(place, question, raw, rows, asked)

    def _answer_group(
        self, entries: Sequence[_Entry], asked: Asked, replies: dict[int, Reply]
    ) -> None:
        """Answer requests that ask for the same; where that fails, one by one."""
        try:
            answers = self._model.answer([each.rows for each in entries], asked)
        except Exception as error:
            if len(entries) > 1:
                for each in entries:
                    self._answer_group([each], asked, replies)
                return
            replies[entries[0].place] = _refusal(error)
            return
        start = 0
        for each in entries:
            stop = start + each.rows.n_rows
            own = answers if len(entries) == 1 else answers.part(start, stop)
            replies[each.place] = self._reply(each, own)
            start = stop

    def _reply(self, entry: _Entry, answers: Answers) -> Reply:
        question = entry.question
        if question.style == "mlflow":
            content: dict[str, Any] = {"predictions": self._model.mlflow_records(answers)}
        else:
            content = {
                "model": self._name,
                "version": self._version,
                "alias": question.alias,
                "predictions": answers.predictions,
                **answers.beside,
            }
            if entry.rows.warnings:
                content["warnings"] = list(entry.rows.warnings)
        log = b""
        if question.is_logged:
            log = log_lines(
                question,
                entry.raw,
                answers,
                version=self._version,
                facts=self._model.facts,
                rules=self._rules,
            )
        body = to_json(content, inf_nan_mode="null")
        return Reply(status=_OK, body=body, n_rows=entry.rows.n_rows, log=log)


def _refusal(error: Exception) -> Reply:
    """Return the reply to a request that cannot be answered."""
    if isinstance(error, RefusedError):
        return refusal(error.status, str(error), column=error.column, row=error.row)
    if isinstance(error, UserError):
        return refusal(UNFIT, str(error))
    _LOG.error("a request could not be answered", exc_info=error)
    return refusal(_FAILED, f"the model failed with {type(error).__name__}; see the server's log")


def refusal(
    status: int, message: str, *, column: str | None = None, row: int | None = None
) -> Reply:
    """Return a reply that says what is wrong."""
    content: dict[str, Any] = {"error": message}
    if column is not None:
        content["column"] = column
    if row is not None:
        content["row"] = row
    return Reply(status=status, body=to_json(content))

"""What the two kinds of models that can be served have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd

from espalier.infra.web.answering.asked import Asked
from espalier.infra.web.answering.messages import ModelFacts
from espalier.infra.web.answering.raw_rows import RawRows


class ReadRows(Protocol):
    """Rows that a model has read, ready to be answered."""

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What of the request was not used."""
        ...

    @property
    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The JSON-ready answers to rows.

    Attributes
    ----------
    predictions : list
        Labels, values, or records of a model of another maker.
    beside : mapping of str to list
        What else was asked for, an entry a row, by its name in the reply.
    """

    predictions: list[Any]
    beside: Mapping[str, list[Any]] = field(default_factory=dict)

    def part(self, start: int, stop: int) -> "Answers":
        """Return the answers to some of the rows."""
        return Answers(
            predictions=self.predictions[start:stop],
            beside={name: each[start:stop] for name, each in self.beside.items()},
        )


class AnsweringModel(Protocol):
    """An opened model."""

    @property
    def facts(self) -> ModelFacts:
        """What it needs and answers."""
        ...

    @property
    def answers_by_row(self) -> bool:
        """Whether each row has one answer that no other row changes, so that rows can be joined."""
        ...

    def read_body(self, body: bytes, media: str) -> tuple[RawRows, dict[str, Any]]:
        """Return the rows of a body and the options that it holds.

        Raises
        ------
        RefusedError
            It cannot be read.
        """
        ...

    def read_rows(self, rows: RawRows, *, id_column: str | None = None) -> ReadRows:
        """Return the rows as the model needs them.

        Raises
        ------
        RefusedError
            Columns are missing, or a cell cannot be read.
        """
        ...

    def answer(self, parts: Sequence[ReadRows], asked: Asked) -> Answers:
        """Answer the rows of several requests, one after the other."""
        ...

    def mlflow_records(self, answers: Answers) -> list[Any]:
        """Return answers as MLflow's server has them: a record a row."""
        ...

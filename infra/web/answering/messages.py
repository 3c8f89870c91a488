"""What is asked of a model and what it replies, as the server and its workers exchange it.

The server reads nothing of a request but its address and headers. The body travels to a worker as
it came, so what is wrong with it can harm a worker only, and no parsing delays other requests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
MEDIA_TYPES: Mapping[str, str] = {
    JSON: JSON,
    CSV: CSV,
    PARQUET: PARQUET,
    "application/x-parquet": PARQUET,
    "application/parquet": PARQUET,
}
"""Accepted values of ``Content-Type``, and the format each names."""

Style = Literal["espalier", "mlflow"]
ColumnKind = Literal["number", "duration", "date", "text", "file", "any"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request for predictions.

    Attributes
    ----------
    body : bytes
        The rows, in the format that ``media`` names.
    media : str
        `JSON`, `CSV` or `PARQUET`.
    options : mapping of str to str
        The query of the request's address.
    style : str
        Shape of the reply: ``espalier`` as ``/models/NAME/predict`` has it, ``mlflow`` as
        ``/invocations`` has it.
    alias : str or None
        Alias by which the version was found, for the reply.
    request_id : str
        Name of the request, in the reply's headers and in the request log.
    is_logged : bool
        Whether its rows belong into the request log.
    is_alone : bool
        Whether it must not share a batch: a worker has ended over the batch that it was in.
    """

    body: bytes = field(repr=False)
    media: str = JSON
    options: Mapping[str, str] = field(default_factory=dict)
    style: Style = "espalier"
    alias: str | None = None
    request_id: str = ""
    is_logged: bool = False
    is_alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to one question.

    Attributes
    ----------
    status : int
        HTTP status.
    body : bytes
        JSON.
    n_rows : int
        Number of rows that were predicted.
    log : bytes
        Lines for the request log; empty if it is not logged.
    """

    status: int
    body: bytes = field(repr=False)
    n_rows: int = 0
    log: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedColumn:
    """A column that a model needs.

    Attributes
    ----------
    name : str
        Its name.
    kind : str
        ``number``, ``duration``, ``date`` or ``text``; ``file`` for the content of one, such as a
        picture; ``any`` where the model does not say.
    example : object
        A typical cell, JSON-ready; None if there is none.
    is_required : bool
        Whether every row must have it.
    """

    name: str
    kind: ColumnKind
    example: Any = None
    is_required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What a worker tells of the model that it has opened.

    Attributes
    ----------
    problem : str
        ``binary``, ``multiclass`` or ``regression``; ``forecast`` for one of series, ``other`` for
        a model of another maker.
    columns : tuple of ServedColumn
        What it needs; empty if it does not say.
    labels : tuple
        JSON-ready class labels; empty in a regression.
    label_keys : tuple of str
        Their names in ``probabilities``, in the same order.
    has_intervals : bool
        Whether it answers with prediction intervals and quantiles.
    can_explain : bool
        Whether it explains its answers.
    notes : tuple of str
        What is different since the model was saved.
    examples : tuple of mapping
        Rows that it can answer together, where one alone would not do.
    """

    problem: str
    columns: tuple[ServedColumn, ...] = ()
    labels: tuple[Any, ...] = ()
    label_keys: tuple[str, ...] = ()
    has_intervals: bool = False
    can_explain: bool = False
    notes: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()

    @property
    def example_rows(self) -> list[dict[str, Any]]:
        """Rows that can be sent as they are."""
        return [dict(each) for each in self.examples] or [self.example_row]

    @property
    def example_row(self) -> dict[str, Any]:
        """A row of typical cells, which is nobody's own row."""
        return {each.name: each.example for each in self.columns}


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRules:
    """What of a row may be written into the request log.

    Attributes
    ----------
    redacted : frozenset of str
        Columns that are left out.
    id_column : str or None
        A column of the requests that is kept beside the model's own, to join labels by later.
    """

    redacted: frozenset[str] = frozenset()
    id_column: str | None = None

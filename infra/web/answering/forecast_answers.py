"""Answers of Espalier's forecasts: newest rows of series in, a record for each series and step out.

What the training knew of a series is put before its rows, so a few of the newest are enough. Rows
without a value are the future of known covariates.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from espalier.infra.web.answering.answering_model import Answers, ReadRows
from espalier.infra.web.answering.asked import Asked
from espalier.infra.web.answering.file_bodies import read_body
from espalier.infra.web.answering.json_values import json_value
from espalier.infra.web.answering.messages import ModelFacts, ServedColumn
from espalier.infra.web.answering.pyfunc_answers import PlainRows, as_records
from espalier.infra.web.answering.raw_rows import RawRows, require_columns, unused_columns
from espalier.infra.web.answering.refusals import TOO_LARGE, RefusedError, shown
from espalier.pipelines.errors import UserError
from espalier.pipelines.problem import FORECAST
from espalier.pipelines.serving.series_forecaster import SeriesForecaster

MOST_STEPS = 1_000_000
"""Steps of all series together that are forecast in one request."""
_EXAMPLE_ROWS = 3


class ForecastAnswers:
    """One of Espalier's forecasts, asked by request.

    Its answers are not one a row, so requests are answered one by one.

    Parameters
    ----------
    forecaster : SeriesForecaster
        The forecast.
    notes : tuple of str
        What is different since it was saved.
    most_rows : int
        Number of rows to accept in one request.
    """

    answers_by_row = False

    def __init__(
        self, forecaster: SeriesForecaster, *, notes: tuple[str, ...] = (), most_rows: int
    ) -> None:
        self._forecaster = forecaster
        self._most_rows = most_rows
        columns = forecaster.columns
        self._target = str(columns.target)
        self._series = None if columns.series is None else str(columns.series)
        self._needed = tuple(str(each) for each in forecaster.inputs if each != columns.target)
        examples = _example_rows(forecaster)
        self._facts = ModelFacts(
            problem=FORECAST,
            columns=tuple(
                ServedColumn(
                    name=name,
                    kind="number" if name == self._target else "any",
                    example=examples[0].get(name) if examples else None,
                    is_required=name != self._target,
                )
                for name in map(str, forecaster.inputs)
            ),
            examples=examples,
            notes=notes,
        )

    @property
    def facts(self) -> ModelFacts:
        """What it needs and answers."""
        return self._facts

    def read_body(self, body: bytes, media: str) -> tuple[RawRows, dict[str, Any]]:
        """Return the rows of a body and the options that it holds."""
        return read_body(body, media, most_rows=self._most_rows)

    def read_rows(self, rows: RawRows, *, id_column: str | None = None) -> PlainRows:
        """Return the rows as a table of the columns that it knows.

        Raises
        ------
        RefusedError
            Columns are missing, a cell is no single value, or too much would be forecast.
        """
        del id_column
        if not rows.n_rows:
            return PlainRows(pd.DataFrame())
        require_columns(rows, self._needed)
        names = [name for name in (*self._needed, self._target) if name in rows.columns]
        for name in names:
            _require_scalars(rows.columns[name], name)
        table = pd.DataFrame({name: rows.columns[name] for name in names})
        n_series = 1 if self._series is None else int(table[self._series].nunique())
        if n_series * self._forecaster.horizon > MOST_STEPS:
            raise RefusedError(
                f"{n_series:,} series of {self._forecaster.horizon:,} steps are too many for one "
                f"request; send fewer series, for at most {MOST_STEPS:,} steps together",
                status=TOO_LARGE,
            )
        return PlainRows(table, unused_columns(rows, {*names, self._target}))

    def answer(self, parts: Sequence[ReadRows], asked: Asked) -> Answers:
        """Forecast what follows the rows of one request.

        Raises
        ------
        RefusedError
            The rows are no series that can be forecast.
        """
        del asked  # its answer has the quantiles that it was trained for: see `Asked.require_of`
        tables = [each.table for each in parts if each.n_rows]
        if not tables:
            return Answers(predictions=[])
        table = tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)
        try:
            return Answers(predictions=as_records(self._forecaster.predict(table)))
        except UserError as error:
            raise RefusedError(str(error)) from None
        except (TypeError, ValueError, OverflowError, KeyError) as error:
            # Cells of types that no table of series has, such as text among whole numbers.
            said = " ".join(str(error).split())[:200]
            raise RefusedError(f"these rows cannot be read as series: {said}") from error

    def mlflow_records(self, answers: Answers) -> list[Any]:
        """Return the answers as they are."""
        return answers.predictions


def _require_scalars(cells: "list[Any] | pd.Series[Any]", name: str) -> None:
    if not isinstance(cells, list):
        return
    for at, cell in enumerate(cells):
        if isinstance(cell, (list, dict)):
            raise RefusedError(
                f"column {name!r}, row {at}: a single value is expected, not {shown(cell)}",
                column=name,
                row=at,
            )


def _example_rows(forecaster: SeriesForecaster) -> tuple[Mapping[str, Any], ...]:
    """Return rows that it can answer: the newest of one series, and the future of covariates."""
    columns, horizon = forecaster.columns, forecaster.horizon
    history = forecaster.table.frame(columns)
    known = history[history[columns.target].notna()]
    if known.empty:
        return ()
    newest = known
    if columns.series is not None:
        newest = known[known[columns.series] == known[columns.series].iloc[-1]]
    newest = newest.tail(_EXAMPLE_ROWS)
    if columns.known_covariates:
        ahead = forecaster.table.future(horizon, columns)
        if columns.series is not None:
            ahead = ahead[ahead[columns.series] == newest[columns.series].iloc[-1]]
        last = newest.iloc[-1]
        ahead = ahead.assign(**{str(each): last[each] for each in columns.known_covariates})
        newest = pd.concat([newest, ahead], ignore_index=True)
    names = [each for each in forecaster.inputs if each in newest.columns]
    return tuple(
        {str(name): json_value(cell) for name, cell in zip(names, row, strict=True)}
        for row in newest[names].itertuples(index=False, name=None)
    )

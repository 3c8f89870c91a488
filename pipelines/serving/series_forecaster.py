"""A fitted forecast as its user sees it: rows of series in, rows of forecasts out."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from espalier.pipelines.ensemble.horizon.records import Floats
from espalier.pipelines.errors import UserError
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.layout import as_long
from espalier.pipelines.forecasting.input.newest import followed_by, newest
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.metrics import Scales
from espalier.pipelines.forecasting.panel import Ints
from espalier.pipelines.serving.forecast_model import ForecastModel

PREDICTION = "prediction"
# Families look at no more of a series, or at so many of its longest seasons.
KEPT_VALUES, KEPT_SEASONS = 3_000, 4


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HeldOutForecast:
    """What was forecast of the block that the search never saw, and what came.

    Attributes
    ----------
    first_step : array of int, shape (S,)
        Number of each series' first step of the block.
    actual, made : array, shape (S, H)
        What came, NaN where nothing did, and the forecasts.
    quantiles : array, shape (S, H, Q)
        Their quantiles, levels ascending.
    scales : Scales
        What errors are divided by, known before the block.
    """

    first_step: Ints = field(repr=False)
    actual: Floats = field(repr=False)
    made: Floats = field(repr=False)
    quantiles: Floats = field(repr=False)
    scales: Scales = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SeriesForecaster:
    """A forecast with the history that it was fitted to, under the user's names and types.

    Attributes
    ----------
    model : ForecastModel
        Members, weights and quantiles.
    table : SeriesTable
        The history that it was fitted to, or the newest part of it.
    columns : SeriesColumns
        The user's columns.
    quantiles : tuple of float
        Levels of the quantiles, in the order of the answer's columns.
    metric, method : str
        The metric that was optimised, and how the members are combined.
    held_out : HeldOutForecast or None
        The forecasts that it was scored by, to compare it with others; None for none.
    """

    model: ForecastModel = field(repr=False)
    table: SeriesTable = field(repr=False)
    columns: SeriesColumns
    quantiles: Sequence[float]
    metric: str = ""
    method: str = ""
    held_out: HeldOutForecast | None = field(default=None, repr=False)

    @property
    def horizon(self) -> int:
        """Steps of a forecast."""
        return self.model.horizon

    @property
    def inputs(self) -> tuple[Any, ...]:
        """The columns of the rows that it takes."""
        return self.columns.inputs

    @property
    def stored(self) -> "SeriesForecaster":
        """The same with no more of the history than a forecast needs."""
        seasons = self.table.panel.seasons
        most = max(KEPT_VALUES, KEPT_SEASONS * max(seasons, default=1))
        return replace(self, table=newest(self.table, most))

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the forecasts of what follows the values in ``rows``.

        Parameters
        ----------
        rows : DataFrame
            Recent rows in the columns of the training, in any order. Known covariates of the
            future are rows without a value; where all rows are, the target may be left out. What
            the training knew of a series before these rows is put before them. Series that it did
            not know may be among them.

        Returns
        -------
        DataFrame
            Series and time under their names and of their types, ``prediction``, and a column for
            every quantile, such as ``"0.1"``; one row for each series of ``rows`` and step.

        Raises
        ------
        UserError
            The rows are wrong, or known covariates of the future are missing.
        """
        return self.forecast(self.read(rows))

    def read(self, rows: pd.DataFrame) -> SeriesTable:
        """Return the series of ``rows``, continued from what the training knew of them.

        Raises
        ------
        UserError
            The rows are wrong.
        """
        columns = self.columns
        rows = as_long(rows, columns)
        if columns.target not in rows.columns:
            rows = rows.assign(**{str(columns.target): np.nan})
        rows = self._with_what_may_be_missing(rows)
        needed = [each for each in self.inputs if each in rows.columns]
        if len(needed) == len(self.inputs):  # else reading says which are missing
            if columns.hierarchy:
                needed.append(columns.series)
            gap = max(self.horizon, self.table.panel.season)
            rows = followed_by(self.table, columns, rows[needed], most_missing=gap)
        return read_series(rows, columns, like=self.table)

    def _with_what_may_be_missing(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with columns that they need not have, empty.

        The training knows what is static of its series. Rows of the future have no past covariates.
        """
        columns = self.columns
        absent = [each for each in columns.static if each not in rows.columns]
        if rows[columns.target].isna().all():
            absent += [each for each in columns.past_covariates if each not in rows.columns]
        return rows.assign(**{str(name): np.nan for name in absent}) if absent else rows

    def forecast(
        self, table: SeriesTable, *, hint: str = "give them as rows without a value"
    ) -> pd.DataFrame:
        """Return the forecasts of what follows the values of ``table``, as `predict` does.

        Parameters
        ----------
        table : SeriesTable
            Series of the same step and columns as in the training.
        hint : str
            How the caller gives known covariates of the future, for a message.

        Raises
        ------
        UserError
            Known covariates of the future are missing.
        """
        self._require_future(table, hint)
        made, quantiles = self.model.forecast(table.panel, tuple(table.names), table.hierarchy)
        return self.framed(table, made, quantiles)

    def framed(self, table: SeriesTable, made: Floats, quantiles: Floats) -> pd.DataFrame:
        """Return forecasts (S, H) and quantiles (S, H, Q) of a table as rows for the user."""
        frame = table.future(self.horizon, self.columns)
        frame[PREDICTION] = made.reshape(-1)
        flat = quantiles.reshape(made.size, -1)
        order = np.argsort([float(each) for each in self.quantiles], kind="stable")
        at = {int(place): rank for rank, place in enumerate(order)}
        for place, level in enumerate(self.quantiles):
            frame[str(level)] = flat[:, at[place]]
        return frame

    def _require_future(self, table: SeriesTable, hint: str) -> None:
        """Refuse to forecast without any known covariates of the future."""
        names = self.columns.known_covariates
        if not names:
            return
        future = table.panel.future(self.horizon)[:, :, : len(names)]
        nothing = ~np.asarray(np.isfinite(future).any(axis=(0, 1)))
        if nothing.any():
            missing = ", ".join(repr(n) for n, empty in zip(names, nothing, strict=True) if empty)
            raise UserError(f"the next {self.horizon} steps of {missing} are needed; {hint}")

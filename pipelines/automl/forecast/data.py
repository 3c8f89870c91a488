"""The series of a forecast training: what is held out, and what the search needs to know."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from espalier.pipelines.ensemble.horizon.records import Floats
from espalier.pipelines.evaluation.fold_models import FoldModels
from espalier.pipelines.evaluation.forecast_context import ForecastContext
from espalier.pipelines.forecasting.families.registry import families_for
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.hold_out import steps_to_hold_out, without_last
from espalier.pipelines.forecasting.input.newest import newest
from espalier.pipelines.forecasting.input.table import SeriesTable
from espalier.pipelines.forecasting.metrics import ForecastMetric, Scales
from espalier.pipelines.forecasting.origins import origins_of
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.learners.base.learner import Learner
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.space.joint import SearchSpace

# Series and values of each that are kept as an example of what the model takes.
EXAMPLE_SERIES, EXAMPLE_VALUES = 3, 24


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ForecastData:
    """The series of a training.

    Attributes
    ----------
    table : SeriesTable
        All values; the model that is registered continues them.
    search : SeriesTable
        What the search sees: the same without the last ``held_out`` steps of each series.
    columns : SeriesColumns
        The user's columns.
    horizon : int
        Steps to forecast, H.
    levels : tuple of float
        Levels of the quantiles, ascending.
    forecast_metric : ForecastMetric
        Metric to optimise.
    learners : tuple of Learner
        Families to try.
    origins : tuple of int
        Steps before the end of ``search`` at which a trial forecasts; the latest first.
    held_out : int
        Steps at the end of each series that score the finished model; 0 for none.
    """

    table: SeriesTable = field(repr=False)
    search: SeriesTable = field(repr=False)
    columns: SeriesColumns
    horizon: int
    levels: tuple[float, ...]
    forecast_metric: ForecastMetric
    learners: tuple[Learner, ...] = field(repr=False)
    origins: tuple[int, ...]
    held_out: int = 0

    @property
    def metric(self) -> Metric:
        """The metric of rows (origin, series, step)."""
        return self.forecast_metric.metric

    @property
    def folds(self) -> tuple[int, ...]:
        """The origins, under the name that folds have."""
        return self.origins

    @property
    def space(self) -> SearchSpace:
        """Search space of the families on these series."""
        return SearchSpace(self.learners, self.context().shape)

    @property
    def floor(self) -> float | None:
        """No forecast is below it: 0 where no value ever was negative; None for no floor."""
        panel = self.search.panel
        return 0.0 if panel.values[panel.observed].min() >= 0 else None

    @property
    def actual_held_out(self) -> Floats:
        """What came in the held-out steps, shape (S, H); NaN where there is no value."""
        return self.table.panel.actual(self.held_out, self.horizon)

    @property
    def example(self) -> pd.DataFrame:
        """The newest rows of a few series, as the served model takes them.

        With known covariates the last steps have no value: they are the future to forecast.
        """
        listed = self.table.listed
        lengths = listed.panel.lengths
        rows = np.sort(np.argsort(-lengths, kind="stable")[:EXAMPLE_SERIES])
        known_ahead = self.horizon if self.columns.known_covariates else 0
        some = newest(listed, EXAMPLE_VALUES + known_ahead, rows)
        panel = some.panel
        stops = panel.stops - np.minimum(known_ahead, panel.lengths - 1)
        rows_of = replace(some, panel=replace(panel, stops=stops)).frame(self.columns)
        return rows_of[list(self.columns.inputs)]

    def context(
        self,
        *,
        memory_limit_mb: float | None = None,
        fold_models: FoldModels | None = None,  # noqa: ARG002 - forecasters have no fold models
        n_threads: int = 1,
    ) -> ForecastContext:
        """Return the context in which workers evaluate trials; arguments as for tables."""
        return self._context(self.search.panel, self.origins, memory_limit_mb, n_threads)

    def context_of_all(self, *, n_threads: int = 1) -> ForecastContext:
        """Return the context in which members are fitted to all values."""
        return self._context(self.table.panel, (), None, n_threads)

    def _context(
        self, panel: Panel, origins: tuple[int, ...], memory_limit_mb: float | None, n_threads: int
    ) -> ForecastContext:
        return ForecastContext(
            panel=panel,
            horizon=self.horizon,
            origins=origins,
            forecast_metric=self.forecast_metric,
            scales=Scales.of(panel),
            learners=self.learners,
            n_threads=n_threads,
            memory_limit_mb=memory_limit_mb,
        )


def prepare_forecast(
    table: SeriesTable,
    columns: SeriesColumns,
    *,
    horizon: int,
    levels: tuple[float, ...],
    metric: ForecastMetric,
    families: tuple[str, ...] | None = None,
    holds_out: bool = False,
) -> ForecastData:
    """Return the data of a training: its families, its origins, and what is held out.

    Parameters
    ----------
    table : SeriesTable
        All values.
    columns : SeriesColumns
        Their columns.
    horizon, levels, metric
        As in `ForecastData`.
    families : tuple of str or None
        Families to try; None for all that suit the series.
    holds_out : bool
        Whether the last block of each series is held out to score the model.

    Raises
    ------
    UserError
        A family is unknown.
    """
    held_out = steps_to_hold_out(table.panel, horizon) if holds_out else 0
    search = without_last(table, held_out) if held_out else table
    panel = search.panel
    zeros = float(np.mean(panel.values[panel.observed] == 0))
    return ForecastData(
        table=table,
        search=search,
        columns=columns,
        horizon=horizon,
        levels=levels,
        forecast_metric=metric,
        learners=families_for(families, zero_share=zeros),
        origins=origins_of(panel, horizon),
        held_out=held_out,
    )

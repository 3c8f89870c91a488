"""Prepare a table of series for recording trials: draw series, plan origins, profile them."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.forecast_context import ForecastContext
from espalier.pipelines.experience.recording.record import KnownDataset, forecast_target
from espalier.pipelines.experience.recording.recording_setup import (
    RecordingRules,
    RecordingSetup,
    TableEntry,
)
from espalier.pipelines.experience.recording.space_alignment import known_space
from espalier.pipelines.forecasting.input.columns import SeriesColumns
from espalier.pipelines.forecasting.input.read import read_series
from espalier.pipelines.forecasting.metrics import Scales, forecast_metric
from espalier.pipelines.forecasting.origins import origins_of
from espalier.pipelines.forecasting.panel import Panel
from espalier.pipelines.forecasting.profile import profile_panel
from espalier.pipelines.metafeatures.profile import LIMIT, MetaFeatures
from espalier.pipelines.seeds import drawn_rows

METRIC = "mase"
TIME, SERIES = "time", "series"
"""The columns of a set of series that its index does not name."""

# A value is one number, a row of a table many: so many values stand for a row.
_VALUES_A_ROW = 10
_MOST_SERIES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCap:
    """How much of a set of series is looked at.

    Attributes
    ----------
    series : int
        Most series; they are drawn.
    values : int
        Most values of all together; of each the newest are kept, as many of one as of another.
    """

    series: int
    values: int

    @classmethod
    def of(cls, rules: RecordingRules) -> "SeriesCap":
        """Return the cap that goes with a cap of rows of a table."""
        return cls(series=_MOST_SERIES, values=_VALUES_A_ROW * rules.rows)

    def cut(self, panel: Panel, seed: int) -> Panel:
        """Return the panel of the drawn series, each without its oldest values."""
        some = panel.take(drawn_rows(len(panel), self.series, seed=seed))
        longest = max(1, self.values // max(1, len(some)))
        cut = np.maximum(some.lengths - longest, 0)
        return replace(some, starts=some.starts + cut, first=some.first + cut)


def make_series_setup(
    table: pd.DataFrame, entry: TableEntry, rules: RecordingRules, *, fingerprint: str
) -> RecordingSetup:
    """Prepare a table of series for recording trials.

    The test windows that the index names at the end of each series are left out: what is learned
    from a set must know nothing of what forecasts of it are judged by.

    Parameters
    ----------
    table : DataFrame
        Columns ``time``, ``series`` (for several) and the target.
    entry : TableEntry
        Its entry of the index, with a horizon.
    rules : RecordingRules
        The most rows (ten values of a series are as a row) and origins, and the seed.
    fingerprint : str
        Fingerprint of the table.

    Raises
    ------
    UserError
        The series cannot be read, or are too short to forecast them from an earlier origin.
    """
    assert entry.horizon is not None
    horizon = entry.horizon
    columns = SeriesColumns(
        time=TIME,
        target=entry.target,
        series=SERIES if SERIES in table.columns else None,
        known_covariates=entry.known_covariates,
    )
    if entry.test_windows:
        keys = [SERIES, TIME] if SERIES in table.columns else [TIME]
        table = table.sort_values(keys, kind="stable").reset_index(drop=True)
        steps = len(table) - 1 - np.arange(len(table))
        if SERIES in table.columns:
            steps = np.asarray(table.groupby(SERIES, sort=False).cumcount(ascending=False))
        table = table[steps >= entry.test_windows * horizon]
    whole = read_series(table, columns).panel
    panel = SeriesCap.of(rules).cut(whole, rules.seed)
    origins = origins_of(panel, horizon)[: rules.n_folds]
    if not origins:
        raise UserError(f"{entry.name!r}: no series has two values before its test windows")
    metric = forecast_metric(METRIC)
    context = ForecastContext(
        panel=panel,
        horizon=horizon,
        origins=origins,
        forecast_metric=metric,
        scales=Scales.of(panel),
        learners=(),
    )
    known = KnownDataset(
        fingerprint=fingerprint,
        name=entry.name,
        target=forecast_target(entry.target, horizon),
        metric=metric.name,
        n_rows_whole=int(whole.lengths.sum()),
        shape=context.shape,
        rows_cap=rules.rows,
        n_folds=len(origins),
        seed=rules.seed,
        meta=series_meta(whole, horizon=horizon, seed=rules.seed),
    )
    space = known_space(known)
    return RecordingSetup(
        dataset=known, context=replace(context, learners=space.learners), space=space
    )


def series_meta(panel: Panel, *, horizon: int, seed: int) -> MetaFeatures:
    """Return the catalogued meta-features of a panel."""
    found = profile_panel(panel, horizon=horizon, seed=seed)
    return MetaFeatures.catalogued(
        {name: float(np.clip(value, -LIMIT, LIMIT)) for name, value in found.items()}
    )

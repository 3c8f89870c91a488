"""What a worker needs to evaluate trials of a forecast: series, origins, metric and families.

A trial of a forecast is a trial as any other. Its folds are *origins*: at each, a configuration is
fitted to what lies before and forecasts all series over the horizon. Its rows are (origin, series,
step), flattened in this order, so that predictions are kept, raced and combined as those of a
table's rows.
"""

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.evaluation.member_job import MemberJob
from espalier.pipelines.evaluation.progress import TrialProgress
from espalier.pipelines.forecasting.metrics import FORECAST_METRICS, ForecastMetric, Scales
from espalier.pipelines.forecasting.panel import Floats, Panel
from espalier.pipelines.learners.base.learner import BuildContext, Learner
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import NEVER, Deadline
from espalier.pipelines.trials.configuration import Configuration
from espalier.pipelines.trials.trial import Trial


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastContext:
    """Everything a worker needs to evaluate any trial of a forecast.

    Attributes
    ----------
    panel : Panel
        The series.
    horizon : int
        Steps to forecast, H.
    origins : tuple of int
        Steps before the end of each series at which a trial forecasts, the latest first. An origin
        less than H steps before the end is scored on the steps that there are.
    forecast_metric : ForecastMetric
        The metric to score by.
    scales : Scales
        What errors are divided by, the same for all origins: those of a series' first values are
        too noisy.
    learners : tuple of Learner
        The families.
    n_threads : int
        Threads one trial may use.
    memory_limit_mb : float or None
        Resident memory of a worker, in MiB, above which its trial is stopped; None for no limit.
    """

    panel: Panel
    horizon: int
    origins: tuple[int, ...]
    forecast_metric: ForecastMetric
    scales: Scales = field(repr=False)
    learners: tuple[Learner, ...]
    n_threads: int = 1
    memory_limit_mb: float | None = None

    @property
    def folds(self) -> tuple[int, ...]:
        """The origins, under the name that folds have."""
        return self.origins

    @property
    def metric(self) -> Metric:
        """The metric of rows."""
        return self.forecast_metric.metric

    @property
    def n_rows(self) -> int:
        """Number of rows: origins x series x steps."""
        return len(self.origins) * len(self.panel) * self.horizon

    @property
    def shape(self) -> DatasetShape:
        """Size of the panel, as families' expected costs see it."""
        return DatasetShape(
            problem=ProblemKind.REGRESSION,
            n_rows=int(self.panel.lengths.sum()),
            n_columns=0,
            n_classes=1,
        )

    def actual(self) -> Floats:
        """Return what the rows' values are, shape (W, S, H); NaN where there is none."""
        return np.stack([self.panel.actual(ahead, self.horizon) for ahead in self.origins])

    def build(self, configuration: Configuration, seed: int) -> Any:
        """Return a fresh forecaster of a configuration."""
        return self.learner(configuration.family).build(
            configuration.model_values,
            BuildContext(shape=self.shape, seed=seed, n_threads=self.n_threads),
        )

    def learner(self, name: str) -> Learner:
        """Return the family called ``name``.

        Raises
        ------
        KeyError
            There is no such family.
        """
        for learner in self.learners:
            if learner.name == name:
                return learner
        raise KeyError(name)


def run_origin(
    trial: Trial,
    context: ForecastContext,
    place: int,
    deadline: Deadline,
    progress: TrialProgress,
) -> None:
    """Fit and score a trial at one origin, and record it in ``progress``."""
    ahead, size = context.origins[place], len(context.panel) * context.horizon
    before = context.panel.before(ahead)
    began = time.perf_counter()
    model = context.build(trial.configuration, trial.seed).fit(before, context.horizon, deadline)
    fitted = time.perf_counter()
    made = usable(model.forecast(before, context.horizon, deadline), before)
    predicted = time.perf_counter()
    actual = context.panel.actual(ahead, context.horizon)
    score = context.forecast_metric.score(actual, made, context.scales)
    if not np.isfinite(score):  # series without any change have no scale
        score = FORECAST_METRICS["mae"].score(actual, made, context.scales)
    progress.add_fold(
        np.arange(place * size, (place + 1) * size),
        made.ravel().astype(np.float32),
        score if np.isfinite(score) else 0.0,
        fit_seconds=fitted - began,
        predict_seconds=predicted - fitted,
        iterations=None,
    )


def fit_forecaster(job: MemberJob, context: ForecastContext, deadline: Deadline | None) -> Any:
    """Return the configuration of ``job`` fitted to the whole panel."""
    model = context.build(job.configuration, job.seed)
    return model.fit(context.panel, context.horizon, deadline or NEVER)


# Further than this many times a series' own range from its last value, a recursion ran away.
_FARTHEST_RANGES = 3.0


def usable(forecasts: Floats, panel: Panel) -> Floats:
    """Return forecasts that are finite and within reason, shape (S, H).

    What is not finite becomes the last value. Beyond a few times the range of its last values a
    series is cut off: no recursion's explosion may enter an ensemble.
    """
    longest = int(min(max(4 * panel.season, 50), 400))
    seen = panel.tail(longest)
    known = np.isfinite(seen)
    low = np.where(known, seen, np.inf).min(axis=1)
    high = np.where(known, seen, -np.inf).max(axis=1)
    empty = ~known.any(axis=1)
    low, high = np.where(empty, 0.0, low), np.where(empty, 0.0, high)
    last = np.where(empty, 0.0, np.nan_to_num(seen[:, -1]))
    room = _FARTHEST_RANGES * np.maximum(high - low, 0.5 * np.abs(last) + 1e-12)
    made = np.where(np.isfinite(forecasts), forecasts, last[:, None])
    return np.clip(made, (last - room)[:, None], (last + room)[:, None])

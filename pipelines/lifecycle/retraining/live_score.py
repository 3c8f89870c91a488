"""Score a model on rows whose target has become known since it was trained."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.labels import codes_among
from espalier.pipelines.data.target import target_numbers, target_present
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.holdout import bootstrap_interval
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.score_interval import describe_interval
from espalier.pipelines.metrics.scoring import score_predictions

FEWEST_LABELLED = 30
"""Smallest number of rows for a meaningful score."""
_NORMAL = 1.96  # half width of a 95 % interval in standard errors


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRows:
    """The rows that can be scored, with their target in the model's class codes.

    Attributes
    ----------
    rows : array of int64, shape (n_labelled,)
        Positions in the table.
    y : array, shape (n_labelled,)
        Class codes or values.
    n_unlabelled : int
        Number of rows without a target yet.
    n_unknown : int
        Number of rows of a class that the model does not know; they cannot be scored.
    """

    rows: NDArray[np.int64]
    y: NDArray[Any]
    n_unlabelled: int
    n_unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveScore:
    """A model's score on new rows, compared with that on its hold-out.

    Attributes
    ----------
    metric : str
        Name of the metric.
    score, before : float
        Scores on the new rows and on the hold-out.
    interval, before_interval : (float, float)
        95 % bootstrap intervals.
    drop : float
        How much worse the score is, in the metric's unit; negative if it is better.
    drop_interval : (float, float)
        95 % interval of ``drop``, with independent samples.
    n_rows : int
        Number of scored rows.
    """

    metric: str
    score: float
    interval: tuple[float, float]
    before: float
    before_interval: tuple[float, float]
    drop: float
    drop_interval: tuple[float, float]
    n_rows: int

    def is_worse(self, max_drop: float) -> bool:
        """Whether the drop exceeds ``max_drop`` with 95 % confidence."""
        return self.drop_interval[0] > max_drop

    @property
    def text(self) -> str:
        """One line that describes the result."""
        return (
            f"{self.metric} {self.score:.5g} on {self.n_rows:,} new rows "
            f"({describe_interval(self.interval)}), {self.before:.5g} on the hold-out"
        )


def labelled_rows(target: "pd.Series[Any]", classes: NDArray[Any] | None) -> LabelledRows:
    """Find the rows that have a target by which the model can be scored.

    Parameters
    ----------
    target : Series, shape (n_rows,)
        Raw labels or values; missing if not known yet.
    classes : array or None
        The model's classes, in the order of its columns; None for a regression.

    Raises
    ------
    UserError
        The model predicts numbers and the target is not numeric.
    """
    present = target_present(target)
    there = np.flatnonzero(present)
    n_unlabelled = len(target) - len(there)
    if classes is None:
        numbers = target_numbers(target.iloc[there], codes=True) if len(there) else np.empty(0)
        if numbers is None:
            raise UserError(
                f"the model predicts numbers, and {target.name!r} does not hold numbers; give the "
                "column that it was trained on"
            )
        return LabelledRows(rows=there, y=numbers, n_unlabelled=n_unlabelled, n_unknown=0)
    coded = codes_among(target, classes)
    known = np.flatnonzero(present & (coded >= 0))
    return LabelledRows(
        rows=known, y=coded[known], n_unlabelled=n_unlabelled, n_unknown=len(there) - len(known)
    )


def score_live(
    metric: Metric,
    y: NDArray[Any],
    predictions: NDArray[Any],
    *,
    before: float,
    before_interval: tuple[float, float],
    seed: int,
    sample_weight: NDArray[Any] | None = None,
    groups: NDArray[Any] | None = None,
) -> LiveScore | None:
    """Score a model on new rows; None if too few have a target or all are of one class.

    Parameters
    ----------
    metric : Metric
        The metric that was optimised.
    y : array, shape (n_rows,)
        The target, from `labelled_rows`.
    predictions : array, shape (n_rows, n_classes) or (n_rows,)
        Predictions of the same rows.
    before : float
        The score on the hold-out.
    before_interval : (float, float)
        Its 95 % interval.
    seed : int
        Seed of the bootstrap samples.
    sample_weight : array or None, shape (n_rows,)
        Weight of each row, if the hold-out was weighted.
    groups : array or None, shape (n_rows,)
        Rows with the same code belong together, if they did in the hold-out. Of a single group
        nothing follows about others: its drop is never certain.
    """
    if len(y) < FEWEST_LABELLED or (predictions.ndim == 2 and len(np.unique(y)) < 2):
        return None
    score = score_predictions(metric, y, predictions, sample_weight)
    if not np.isfinite(score):
        return None
    interval = bootstrap_interval(
        metric, y, predictions, seed=seed, sample_weight=sample_weight, groups=groups
    )
    drop = metric.sign * (before - score)
    error = float(np.hypot(_standard_error(interval), _standard_error(before_interval)))
    return LiveScore(
        metric=metric.name,
        score=score,
        interval=interval,
        before=before,
        before_interval=before_interval,
        drop=drop,
        drop_interval=(drop - _NORMAL * error, drop + _NORMAL * error),
        n_rows=len(y),
    )


def _standard_error(interval: tuple[float, float]) -> float:
    return abs(interval[1] - interval[0]) / (2.0 * _NORMAL)

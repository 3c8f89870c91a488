"""How good a model is on rows whose labels have arrived since it was trained."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.parsing.text_cells import canonical_text, read_text_cells
from espalier.pipelines.data.target import target_numbers, target_present
from espalier.pipelines.errors import UserError
from espalier.pipelines.evaluation.holdout import bootstrap_interval
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.scoring import score_predictions

FEWEST_LABELLED = 30
"""With fewer rows a score says nothing."""
_NORMAL = 1.96  # a 95 % interval reaches so many standard errors to each side


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledRows:
    """The rows that can be scored, and their target as the model counts it.

    Attributes
    ----------
    rows : array of int64, shape (n_labelled,)
        Positions in the table.
    y : array, shape (n_labelled,)
        Class codes or values.
    n_unlabelled : int
        Rows without a label yet.
    n_unknown : int
        Rows of a class that the model does not know; they cannot be scored.
    """

    rows: NDArray[np.int64]
    y: NDArray[Any]
    n_unlabelled: int
    n_unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveScore:
    """A model's score on new rows against the one on its hold-out.

    Attributes
    ----------
    metric : str
        What is scored.
    score, before : float
        On the new rows and on the hold-out.
    interval, before_interval : (float, float)
        95 % bootstrap intervals.
    drop : float
        By how much it has become worse, in the metric's unit; negative where it is better.
    drop_interval : (float, float)
        95 % interval of it, the two samples being independent.
    n_rows : int
        Rows scored.
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
        """Whether it has surely become worse by more than ``max_drop``."""
        return self.drop_interval[0] > max_drop

    @property
    def text(self) -> str:
        """One line for people."""
        low, high = self.interval
        return (
            f"{self.metric} {self.score:.5g} on {self.n_rows:,} new rows (95 % interval {low:.5g} "
            f"to {high:.5g}), {self.before:.5g} on the hold-out"
        )


def labelled_rows(target: "pd.Series[Any]", classes: NDArray[Any] | None) -> LabelledRows:
    """Return which rows have a label that the model can be scored by.

    Parameters
    ----------
    target : Series, shape (n_rows,)
        Raw labels or values; missing where they have not arrived.
    classes : array or None
        The model's classes, in the order of its columns; None for a regression.

    Raises
    ------
    UserError
        The model predicts numbers and the target holds none.
    """
    present = target_present(target)
    there = np.flatnonzero(present)
    n_unlabelled = len(target) - len(there)
    if classes is None:
        numbers = target_numbers(target.iloc[there]) if len(there) else np.empty(0)
        if numbers is None:
            raise UserError(
                f"the model predicts numbers, and {target.name!r} does not hold numbers; give the "
                "column that it was trained on"
            )
        return LabelledRows(rows=there, y=numbers, n_unlabelled=n_unlabelled, n_unknown=0)
    code_of = {canonical_text(label): code for code, label in enumerate(classes.tolist())}
    cells = read_text_cells(target)
    codes = np.array([code_of.get(text, -1) for text in cells.values], dtype=np.int64)
    coded = cells.spread(codes, -1)
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
) -> LiveScore | None:
    """Return the score on new rows; None where too few are labelled or one class is alone.

    Parameters
    ----------
    metric : Metric
        What was optimised.
    y : array, shape (n_rows,)
        From `labelled_rows`.
    predictions : array, shape (n_rows, n_classes) or (n_rows,)
        Of the same rows.
    before : float
        The score on the hold-out.
    before_interval : (float, float)
        Its 95 % interval.
    seed : int
        Of the bootstrap samples.
    sample_weight : array or None, shape (n_rows,)
        How much each row counts, where that was so on the hold-out.
    """
    if len(y) < FEWEST_LABELLED or (predictions.ndim == 2 and len(np.unique(y)) < 2):
        return None
    score = score_predictions(metric, y, predictions, sample_weight)
    if not np.isfinite(score):
        return None
    interval = bootstrap_interval(metric, y, predictions, seed=seed, sample_weight=sample_weight)
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

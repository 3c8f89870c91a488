"""The model that serves: raw rows in, predictions out."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.calibration.adjustments import NO_ADJUSTMENTS, Adjustments
from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.column_names import with_unique_names
from espalier.pipelines.data.preparation import Preparation
from espalier.pipelines.ensemble.combination import Combination, Floats
from espalier.pipelines.errors import UserError
from espalier.pipelines.members.member import Member
from espalier.pipelines.preprocessing.rows import PreparedRows
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults
from espalier.pipelines.serving.residual_correction import ResidualCorrection
from espalier.pipelines.trials.failures import SearchFailedError

if TYPE_CHECKING:  # serving needs no search
    from espalier.pipelines.ensemble.choose import EnsembleChoice
    from espalier.pipelines.metrics.metric import Metric

# Rows that are prepared and predicted at a time, so that a million rows need no more memory than
# these at once.
BATCH_ROWS = 50_000
# From so many rows on members are asked side by side, so many of them: each has its own matrix.
PARALLEL_ROWS, MOST_THREADS = 2_000, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleModel:
    """A fitted ensemble that takes raw rows.

    Attributes
    ----------
    preparation : Preparation
        How raw columns become features.
    members : tuple of Member
        In the order of the combination's weights.
    combination : Combination
        How their answers become one.
    problem : ProblemKind
        The kind of problem.
    classes : array or None, shape (K,)
        Original labels; None for regression.
    metric : str
        What it was chosen by.
    method : str
        Which combiner it is.
    target : str or None
        Name of the target column.
    example : DataFrame or None
        A few raw rows, for signatures and for the check when the model is opened.
    adjustments : Adjustments
        Calibration, threshold and intervals.
    correction : ResidualCorrection or None
        What residual members add before the adjustments.
    """

    preparation: Preparation
    members: tuple[Member, ...]
    combination: Combination
    problem: ProblemKind
    classes: NDArray[Any] | None
    metric: str
    method: str
    target: str | None = None
    example: pd.DataFrame | None = field(default=None, repr=False)
    adjustments: Adjustments = field(default=NO_ADJUSTMENTS, repr=False)
    correction: ResidualCorrection | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if len(self.members) != len(self.combination.weights):
            raise ValueError(
                f"{len(self.members)} members, but {len(self.combination.weights)} weights"
            )

    __setstate__ = set_state_with_defaults

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The raw columns that are needed."""
        return tuple(self.preparation.columns)

    @property
    def weights(self) -> dict[int, float]:
        """Share of the total weight by trial number."""
        total = sum(self.combination.weights)
        return {
            member.number: weight / total
            for member, weight in zip(self.members, self.combination.weights, strict=True)
        }

    def predict(self, table: pd.DataFrame) -> NDArray[Any]:
        """Return labels in their original kind, or values, shape (n_rows,).

        Parameters
        ----------
        table : DataFrame, shape (n_rows, ...)
            Raw rows; columns may be reordered, and more of them than needed.

        Raises
        ------
        MissingColumnsError
            Columns are missing; all of them are named.
        """
        scores = self.predict_scores(table)
        return scores if self.classes is None else self.classes[self.codes(scores)]

    def codes(self, scores: Floats) -> NDArray[np.int64]:
        """Return the codes of the labels that these probabilities stand for, shape (n_rows,).

        The likelier class, or what the threshold says where two classes have one.
        """
        if self.adjustments.threshold is None:
            return np.asarray(scores.argmax(axis=1), dtype=np.int64)
        return np.asarray(scores[:, 1] > self.adjustments.threshold, dtype=np.int64)

    def predict_proba(self, table: pd.DataFrame) -> Floats:
        """Return class probabilities, shape (n_rows, K), in the order of `classes`.

        Raises
        ------
        AttributeError
            The problem is a regression.
        MissingColumnsError
            Columns are missing; all of them are named.
        """
        if self.classes is None:
            raise AttributeError("a regression has no class probabilities; use predict")
        return self.predict_scores(table)

    def predict_scores(self, table: pd.DataFrame) -> Floats:
        """Return probabilities, shape (n_rows, K), or values, shape (n_rows,), of raw rows.

        Probabilities are calibrated where that was proven to help.
        """
        return np.concatenate([self._answer(part)[0] for part in _batches(table)])

    def predict_for_metric(self, table: pd.DataFrame, metric: "Metric") -> Floats:
        """Return what a metric is to score, in the shape of `predict_scores`.

        A metric of labels gets 1 for the label that `predict` gives and 0 for the others, so that
        the threshold counts; any other metric the scores.
        """
        return self.for_metric(self.predict_scores(table), metric)

    def for_metric(self, scores: Floats, metric: "Metric") -> Floats:
        """Return what a metric is to score where the scores are these."""
        if metric.needs != "labels" or self.adjustments.threshold is None:
            return scores
        return np.eye(scores.shape[1])[self.codes(scores)]

    def predict_interval(
        self, table: pd.DataFrame, coverage: float = 0.9
    ) -> tuple[Floats, Floats, Floats]:
        """Return values with the bounds of their prediction intervals, shape (n_rows,) each.

        Parameters
        ----------
        table : DataFrame, shape (n_rows, ...)
            Raw rows.
        coverage : float
            Share of rows whose true value is to lie between the bounds, in (0, 1). What is
            guaranteed: `espalier.pipelines.calibration.intervals`.

        Returns
        -------
        prediction, lower, upper : array
            Infinite bounds say that the training had too few rows to tell.

        Raises
        ------
        UserError
            The model has no intervals, or the coverage is not in (0, 1).
        MissingColumnsError
            Columns are missing; all of them are named.
        """
        intervals = self.adjustments.intervals
        if intervals is None:
            raise UserError(
                "a classification has no prediction intervals; ask for probabilities"
                if self.classes is not None
                else "this model has no prediction intervals; train it again to get them"
            )
        if not 0.0 < coverage < 1.0:
            raise UserError(f"the coverage of intervals must be between 0 and 1, not {coverage}")
        parts = []
        for part in _batches(table):
            values, spread = self._answer(part)
            parts.append((values, *intervals.bounds(values, spread, coverage)))
        prediction, lower, upper = (np.concatenate(each) for each in zip(*parts, strict=True))
        return prediction, lower, upper

    def _answer(self, table: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return the scores of a batch and the spread of the members' values."""
        X = PreparedRows(self.preparation.apply(table))
        if not len(X):
            width = () if self.classes is None else (len(self.classes),)
            return np.empty((0, *width)), np.empty(0)
        answers = self._ask(X)
        combined = self.combination.apply(answers)
        if self.correction is not None:
            combined = self.correction.apply(combined, X, answers)
        calibrator = self.adjustments.calibrator
        spread = self.combination.spread(answers)
        return combined if calibrator is None else calibrator.apply(combined), spread

    def _ask(self, X: PreparedRows) -> list[Floats]:
        """Return every member's answers, asked side by side where there are many rows."""
        n_threads = min(len(self.members), MOST_THREADS, os.cpu_count() or 1)
        if n_threads < 2 or len(X) < PARALLEL_ROWS:
            return [member.predict_scores(X) for member in self.members]
        with ThreadPoolExecutor(n_threads) as pool:
            return list(pool.map(lambda member: member.predict_scores(X), self.members))


def _batches(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows in order; an empty table is one empty batch."""
    if len(table) <= BATCH_ROWS:
        yield table
        return
    for start in range(0, len(table), BATCH_ROWS):
        yield table.iloc[start : start + BATCH_ROWS]


def build_model(
    choice: "EnsembleChoice",
    fitted: Sequence[Member | None],
    *,
    preparation: Preparation,
    dataset: Dataset,
    metric: str,
    target: str | None = None,
    example: pd.DataFrame | None = None,
    adjustments: Adjustments = NO_ADJUSTMENTS,
    correction: ResidualCorrection | None = None,
) -> EnsembleModel:
    """Return the model of the chosen members.

    Parameters
    ----------
    choice : EnsembleChoice
        Members and weights.
    fitted : sequence of Member or None
        The members with their models, in the order of ``choice.members``; None for one that has
        no model: the others share its weight.
    preparation : Preparation
        How raw columns become features.
    dataset : Dataset
        The search rows; only its problem and classes are used.
    metric : str
        Name of what was optimised.
    target : str or None
        Name of the target column.
    example : DataFrame or None
        A few raw rows to keep with the model; the columns it needs are kept.
    adjustments : Adjustments
        Calibration, threshold and intervals.
    correction : ResidualCorrection or None
        What residual members add.

    Raises
    ------
    SearchFailedError
        No member could be refitted.
    """
    if len(fitted) != len(choice.members):
        raise ValueError(f"{len(choice.members)} members were chosen, {len(fitted)} were fitted")
    kept = [position for position, member in enumerate(fitted) if member is not None]
    if not kept:
        raise SearchFailedError(
            "no chosen model could be refitted on all rows in time; give a larger time budget"
        )
    return EnsembleModel(
        preparation=preparation,
        members=tuple(member for member in fitted if member is not None),
        combination=choice.rule.keep(kept),
        problem=dataset.problem,
        classes=dataset.classes,
        metric=metric,
        method=choice.method,
        target=target,
        example=None
        if example is None
        else with_unique_names(example)[list(preparation.columns)].reset_index(drop=True),
        adjustments=adjustments,
        correction=correction,
    )

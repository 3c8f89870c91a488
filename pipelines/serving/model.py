"""The final model: takes raw rows and returns predictions."""

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
from espalier.pipelines.members.shared_reading import unread_columns
from espalier.pipelines.preprocessing.rows import PreparedRows
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.serialization.old_pickles import set_state_with_defaults
from espalier.pipelines.serving.residual_correction import ResidualCorrection
from espalier.pipelines.surroundings import undisturbed
from espalier.pipelines.trials.failures import SearchFailedError

if TYPE_CHECKING:  # serving needs no search
    from espalier.pipelines.ensemble.choose import EnsembleChoice
    from espalier.pipelines.learners.base.learner import Learner
    from espalier.pipelines.metrics.metric import Metric

# Rows to prepare and predict at a time, to bound the memory for large tables.
BATCH_ROWS = 50_000
# From this many rows on, members predict in parallel; only a few at a time, since each copies rows.
PARALLEL_ROWS, MOST_THREADS = 2_000, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleModel:
    """A fitted ensemble that takes raw rows.

    Attributes
    ----------
    preparation : Preparation
        How raw columns become features.
    members : tuple of Member
        The members, in the order of the combination's weights.
    combination : Combination
        How the members' predictions are combined.
    problem : ProblemKind
        The kind of problem.
    classes : array or None, shape (K,)
        Original labels; None for regression.
    metric : str
        Name of the metric that was optimised.
    method : str
        Name of the combiner.
    target : str or None
        Name of the target column.
    example : DataFrame or None
        A few raw rows, for signatures and for the check when the model is loaded.
    adjustments : Adjustments
        Calibration, threshold and intervals.
    correction : ResidualCorrection or None
        Correction by residual members, added before the adjustments.
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
        """Names of the raw columns that the model needs."""
        return tuple(self.preparation.columns)

    @property
    def weights(self) -> dict[int, float]:
        """Each member's share of the total weight, by trial number."""
        total = sum(self.combination.weights)
        return {
            member.number: weight / total
            for member, weight in zip(self.members, self.combination.weights, strict=True)
        }

    @property
    def learners(self) -> "tuple[Learner, ...]":
        """The family of each model that answers, those of the correction included."""
        residual = () if self.correction is None else self.correction.members
        return tuple(
            candidate.learner
            for member in (*self.members, *residual)
            for candidate in member.candidates
        )

    def predict(self, table: pd.DataFrame) -> NDArray[Any]:
        """Return labels (in the original type) or values, shape (n_rows,).

        Parameters
        ----------
        table : DataFrame, shape (n_rows, ...)
            Raw rows; columns may be in any order, and further columns are ignored.

        Raises
        ------
        MissingColumnsError
            Columns are missing; all of them are named.
        """
        scores = self.predict_scores(table)
        return scores if self.classes is None else self.classes[self.codes(scores)]

    def codes(self, scores: Floats) -> NDArray[np.int64]:
        """Return the class codes, shape (n_rows,): the likeliest, or what the threshold decides."""
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

        Probabilities are calibrated if that was shown to help.
        """
        return np.concatenate([self._answer(part)[0] for part in _batches(table)])

    def predict_for_metric(self, table: pd.DataFrame, metric: "Metric") -> Floats:
        """Return predictions for a metric to score, in the shape of `predict_scores`.

        A metric of labels gets 1 for the label that `predict` returns and 0 for the others, so that
        the threshold counts; any other metric gets the probabilities or values.
        """
        return self.for_metric(self.predict_scores(table), metric)

    def for_metric(self, scores: Floats, metric: "Metric") -> Floats:
        """Return predictions for a metric to score, from these probabilities or values."""
        if metric.needs != "labels" or self.adjustments.threshold is None:
            return scores
        return np.eye(scores.shape[1])[self.codes(scores)]

    def predict_interval(
        self, table: pd.DataFrame, coverage: float = 0.9
    ) -> tuple[Floats, Floats, Floats]:
        """Return predicted values and the bounds of their prediction intervals, (n_rows,) each.

        Parameters
        ----------
        table : DataFrame, shape (n_rows, ...)
            Raw rows.
        coverage : float
            Share of rows whose true value should lie between the bounds, in (0, 1). How far that
            can be trusted: see `espalier.pipelines.calibration.intervals`.

        Returns
        -------
        prediction, lower, upper : array
            Bounds are infinite if the training table had too few rows for this coverage.

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
            bounds = intervals.bounds(values, spread, coverage)
            parts.append((values, *map(self.adjustments.above_floor, bounds)))
        prediction, lower, upper = (np.concatenate(each) for each in zip(*parts, strict=True))
        return prediction, lower, upper

    @undisturbed
    def _answer(self, table: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return the predictions of a batch and the spread of the members' predictions."""
        unread = unread_columns(self.learners, self.preparation.roles)
        return self.answer_prepared(PreparedRows(self.preparation.apply(table, unread=unread)))

    def answer_prepared(self, X: PreparedRows) -> tuple[Floats, Floats]:
        """Return predictions and the spread of the members', of rows that are prepared."""
        if not len(X):
            width = () if self.classes is None else (len(self.classes),)
            return np.empty((0, *width)), np.empty(0)
        answers = self._ask(X)
        combined = self.combination.apply(answers)
        if self.correction is not None:
            combined = self.correction.apply(combined, X, answers)
        calibrator = self.adjustments.calibrator
        spread = self.combination.spread(answers)
        if calibrator is not None:
            return calibrator.apply(combined), spread
        return self.adjustments.above_floor(combined), spread

    def _ask(self, X: PreparedRows) -> list[Floats]:
        """Return every member's predictions; members run in parallel if there are many rows."""
        n_threads = min(len(self.members), MOST_THREADS, os.cpu_count() or 1)
        if n_threads < 2 or len(X) < PARALLEL_ROWS:
            return [member.predict_scores(X) for member in self.members]
        with ThreadPoolExecutor(n_threads) as pool:
            return list(pool.map(lambda member: member.predict_scores(X), self.members))


def _batches(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows in batches, in order; an empty table is one empty batch."""
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
    """Build the model from the chosen members.

    Parameters
    ----------
    choice : EnsembleChoice
        The members and their weights.
    fitted : sequence of Member or None
        The members with their models, in the order of ``choice.members``; None for a member
        without a model, whose weight the others take over.
    preparation : Preparation
        How raw columns become features.
    dataset : Dataset
        The search rows; only its problem and classes are used.
    metric : str
        Name of the metric that was optimised.
    target : str or None
        Name of the target column.
    example : DataFrame or None
        A few raw rows to store with the model; only the columns it needs are kept.
    adjustments : Adjustments
        Calibration, threshold and intervals.
    correction : ResidualCorrection or None
        Correction by residual members.

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

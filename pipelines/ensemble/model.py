"""The model that serves: raw rows in, predictions out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.data.column_names import with_unique_names
from pipelines.data.dataset import Dataset
from pipelines.data.preparation import Preparation
from pipelines.ensemble.combination import Combination, Floats
from pipelines.errors import SearchFailedError
from pipelines.learners.candidate import Candidate
from pipelines.problem import ProblemKind

if TYPE_CHECKING:  # serving needs no search
    from pipelines.ensemble.choose import EnsembleChoice

# Rows that are prepared and predicted at a time, so that a million rows need no more memory than
# these at once.
BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One configuration in the ensemble.

    Attributes
    ----------
    number : int
        Its trial.
    candidates : tuple of Candidate
        Fitted: one, refitted to all search rows, or one a fold, whose answers are averaged.
    """

    number: int
    candidates: tuple[Candidate, ...]

    def __post_init__(self) -> None:
        if not self.candidates:
            raise ValueError("a member needs at least one fitted candidate")

    @property
    def family(self) -> str:
        """The model family."""
        return self.candidates[0].configuration.family

    def predict_scores(self, X: pd.DataFrame) -> NDArray[Any]:
        """Return probabilities, shape (n_rows, K), or values, shape (n_rows,), of prepared rows."""
        first = self.candidates[0].predict_scores(X)
        if len(self.candidates) == 1:
            return first
        total = first.astype(np.float64)
        for candidate in self.candidates[1:]:
            total += candidate.predict_scores(X)
        return total / len(self.candidates)


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

    def __post_init__(self) -> None:
        if len(self.members) != len(self.combination.weights):
            raise ValueError(
                f"{len(self.members)} members, but {len(self.combination.weights)} weights"
            )

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
        return scores if self.classes is None else self.classes[scores.argmax(axis=1)]

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
        """Return probabilities, shape (n_rows, K), or values, shape (n_rows,), of raw rows."""
        return np.concatenate([self._predict_batch(part) for part in _batches(table)])

    def _predict_batch(self, table: pd.DataFrame) -> Floats:
        X = self.preparation.apply(table)
        if not len(X):
            width = () if self.classes is None else (len(self.classes),)
            return np.empty((0, *width))
        return self.combination.apply([member.predict_scores(X) for member in self.members])


def _batches(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the rows in order; an empty table is one empty batch."""
    if len(table) <= BATCH_ROWS:
        yield table
        return
    for start in range(0, len(table), BATCH_ROWS):
        yield table.iloc[start : start + BATCH_ROWS]


def build_model(
    choice: "EnsembleChoice",
    fitted: Sequence[Candidate | None],
    *,
    preparation: Preparation,
    dataset: Dataset,
    metric: str,
    target: str | None = None,
    example: pd.DataFrame | None = None,
) -> EnsembleModel:
    """Return the model of the chosen members.

    Parameters
    ----------
    choice : EnsembleChoice
        Members and weights.
    fitted : sequence of Candidate or None
        Each member refitted, in the order of ``choice.members``; None for one that could not be
        refitted: the others share its weight.
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

    Raises
    ------
    SearchFailedError
        No member could be refitted.
    """
    if len(fitted) != len(choice.members):
        raise ValueError(f"{len(choice.members)} members were chosen, {len(fitted)} were fitted")
    kept = [position for position, candidate in enumerate(fitted) if candidate is not None]
    if not kept:
        raise SearchFailedError(
            "no chosen model could be refitted on all rows in time; give a larger time budget"
        )
    return EnsembleModel(
        preparation=preparation,
        members=tuple(
            Member(number=choice.members[position][0], candidates=(candidate,))
            for position in kept
            if (candidate := fitted[position]) is not None
        ),
        combination=choice.rule.keep(kept),
        problem=dataset.problem,
        classes=dataset.classes,
        metric=metric,
        method=choice.method,
        target=target,
        example=None
        if example is None
        else with_unique_names(example)[list(preparation.columns)].reset_index(drop=True),
    )

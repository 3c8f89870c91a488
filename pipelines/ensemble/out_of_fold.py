"""Out-of-fold predictions of the chosen ensemble."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.ensemble.choose import EnsembleChoice
from espalier.pipelines.ensemble.combination import Floats
from espalier.pipelines.ensemble.row_samples import sampled_rows
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.seeds import generator
from espalier.pipelines.trials.row_predictions import Predictions, common_rows

# Cells (rows x columns in link space) that adjustments are fitted to: more would not help.
MOST_CELLS = 40_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfFold:
    """Predictions of rows by models that were not fitted to them.

    Attributes
    ----------
    predictions : array, shape (n, K) or (n,)
        Probabilities or values of the combination. Where the combiner was chosen by comparison,
        its weights were not fitted to these rows either.
    spread : array, shape (n,)
        Standard deviation of the members' values; zeros for classes and for one member.
    y : array, shape (n,)
        Codes or values.
    sample_weight : array or None, shape (n,)
        Non-negative weights.
    groups : array or None, shape (n,)
        Codes of rows that must stay on one side of every split.
    problem : ProblemKind
        The kind of problem.
    n_classes : int
        K; 1 for regression.
    """

    predictions: Floats
    spread: Floats
    y: NDArray[Any]
    sample_weight: NDArray[Any] | None
    groups: NDArray[Any] | None
    problem: ProblemKind
    n_classes: int

    def __len__(self) -> int:
        return len(self.y)

    def take(self, positions: NDArray[np.int64]) -> "OutOfFold":
        """Return only the rows at these positions."""
        return replace(
            self,
            predictions=self.predictions[positions],
            spread=self.spread[positions],
            y=self.y[positions],
            sample_weight=None if self.sample_weight is None else self.sample_weight[positions],
            groups=None if self.groups is None else self.groups[positions],
        )

    def with_predictions(self, predictions: Floats) -> "OutOfFold":
        """Return the same rows with other predictions."""
        return replace(self, predictions=predictions)


def out_of_fold(
    choice: EnsembleChoice,
    kept: Sequence[int],
    predictions: Mapping[int, Predictions],
    *,
    dataset: Dataset,
    seed: int,
) -> OutOfFold | None:
    """Return the ensemble's out-of-fold predictions; None if there is no such row.

    Parameters
    ----------
    choice : EnsembleChoice
        The members and their weights.
    kept : sequence of int
        Positions of the members that have a model; only these are combined.
    predictions : mapping of int to array
        Out-of-fold predictions by trial number, NaN where no fold validates.
    dataset : Dataset
        The search rows.
    seed : int
        Seed of the sample of rows, taken if there are too many.
    """
    numbers = [choice.members[position][0] for position in kept]
    if not numbers or any(number not in predictions for number in numbers):
        return None
    rule = choice.rule.keep(list(kept))
    nested = choice.nested if len(kept) == len(choice.members) else None
    if nested is not None:
        rows, combined = nested
    else:
        rows = _validated(dataset, [predictions[number] for number in numbers], seed)
        if not rows.size:
            return None
        combined = rule.apply([predictions[number][rows] for number in numbers])
    return OutOfFold(
        predictions=combined,
        spread=rule.spread([predictions[number][rows] for number in numbers]),
        y=dataset.y[rows],
        sample_weight=None if dataset.sample_weight is None else dataset.sample_weight[rows],
        groups=None if dataset.groups is None else dataset.groups[rows],
        problem=dataset.problem,
        n_classes=dataset.n_classes,
    )


def _validated(dataset: Dataset, parts: Sequence[Predictions], seed: int) -> NDArray[np.int64]:
    """Return sorted positions of rows with predictions of all members, a sample if too many."""
    rows = common_rows(parts)
    most = sampled_rows(MOST_CELLS, dataset.n_classes)
    if len(rows) <= most:
        return rows
    rng = generator(seed, "ensemble", "adjustment rows")
    return np.sort(rng.choice(rows, size=most, replace=False))

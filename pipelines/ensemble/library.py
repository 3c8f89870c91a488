"""The library: out-of-fold predictions of the finished trials that may become members."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.ensemble.combination import Floats, probability_floor, to_link
from espalier.pipelines.ensemble.losses import Loss, make_loss
from espalier.pipelines.metrics.metric import Metric
from espalier.pipelines.metrics.objective import SQUARED_ERROR, TrainingObjective
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.seeds import drawn_rows, generator
from espalier.pipelines.trials.failures import SearchFailedError
from espalier.pipelines.trials.row_predictions import Predictions, validated_rows
from espalier.pipelines.trials.trial import TrialResult

# Of two trials whose predictions correlate more than this, only the better one is used.
DUPLICATE_CORRELATION = 0.9999
# Number of rows on which the similarity of predictions is measured.
SIMILARITY_ROWS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Out-of-fold predictions of the candidates on common rows, best candidate first.

    Attributes
    ----------
    numbers : tuple of int, length m
        Trial numbers.
    predictions : array, shape (m, n, K) or (m, n)
        Probabilities, or values in regression.
    link : array, shape (m, n, C)
        The same predictions in link space.
    y : array, shape (n,)
        Codes or values.
    sample_weight : array or None, shape (n,)
        Non-negative weights.
    problem : ProblemKind
        The kind of problem.
    n_classes : int
        K; 1 for regression.
    floor : float
        Smallest probability in link space.
    rows : array of int, shape (n,)
        Positions in the dataset.
    groups : array or None, shape (n,)
        Codes of rows that must stay on one side of every split.
    objective : TrainingObjective
        What the metric asks for; it decides the loss.
    """

    numbers: tuple[int, ...]
    predictions: NDArray[Any]
    link: Floats
    y: NDArray[Any]
    sample_weight: NDArray[Any] | None
    problem: ProblemKind
    n_classes: int
    floor: float
    rows: NDArray[Any]
    groups: NDArray[Any] | None = None
    objective: TrainingObjective = SQUARED_ERROR

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def loss(self) -> Loss:
        """The differentiable loss over all rows."""
        return self.loss_of(None)

    def loss_of(self, rows: NDArray[Any] | None) -> Loss:
        """Return the loss over the rows at these positions; over all rows for None."""
        y = self.y if rows is None else self.y[rows]
        weight = self.sample_weight
        if weight is not None and rows is not None:
            weight = weight[rows]
        return make_loss(y, self.problem, self.n_classes, weight, objective=self.objective)

    def part(self, positions: NDArray[Any]) -> "Library":
        """Return the library restricted to the rows at these positions."""
        return replace(
            self,
            predictions=self.predictions[:, positions],
            link=self.link[:, positions],
            y=self.y[positions],
            sample_weight=None if self.sample_weight is None else self.sample_weight[positions],
            rows=self.rows[positions],
            groups=None if self.groups is None else self.groups[positions],
        )

    def candidates(self, positions: Sequence[int] | NDArray[Any]) -> "Library":
        """Return the library restricted to the candidates at these positions."""
        kept = np.asarray(positions)
        return replace(
            self,
            numbers=tuple(self.numbers[position] for position in kept),
            predictions=self.predictions[kept],
            link=self.link[kept],
        )


def build_library(
    results: Sequence[TrialResult],
    predictions: Mapping[int, Predictions],
    *,
    dataset: Dataset,
    metric: Metric,
    cap: int,
    max_rows: int,
    seed: int,
) -> Library:
    """Build the library from the successful trials.

    Parameters
    ----------
    results : sequence of TrialResult
        All trials; those without success or without predictions are left out.
    predictions : mapping of int to array
        Out-of-fold predictions by trial number, rows as in the dataset, NaN where no fold
        validates.
    dataset : Dataset
        The search rows.
    metric : Metric
        Orders the candidates.
    cap : int
        Largest number of candidates: half are chosen by score, the rest for being unlike those
        already chosen.
    max_rows : int
        Largest number of rows; of more rows a random sample is used.
    seed : int
        Seed of the sample of rows.

    Raises
    ------
    SearchFailedError
        No trial succeeded.
    """
    usable = [
        result
        for result in results
        if result.succeeded
        and result.score is not None
        and result.trial.number in predictions
        and np.isfinite(result.score)
    ]
    if not usable:
        raise SearchFailedError("no trial succeeded, so there is nothing to build a model from")
    usable.sort(key=lambda result: (-metric.sign * float(result.score or 0), result.trial.number))
    rows = validated_rows(predictions[usable[0].trial.number])
    if len(rows) > max_rows:
        rng = generator(seed, "ensemble", "rows")
        rows = np.sort(rng.choice(rows, size=max_rows, replace=False))
    sample = rows[drawn_rows(len(rows), SIMILARITY_ROWS, seed=seed)]
    usable = [
        result for result in usable if np.isfinite(predictions[result.trial.number][rows]).all()
    ]
    chosen = _unlike(usable, [predictions[r.trial.number][sample] for r in usable], cap)
    # Every array below is (m, n, ...): the big ones exist once.
    stacked = np.stack([predictions[result.trial.number][rows] for result in chosen])
    floor = probability_floor(len(rows))
    return Library(
        numbers=tuple(result.trial.number for result in chosen),
        predictions=stacked,
        link=np.stack([to_link(part, dataset.problem, floor) for part in stacked]),
        y=dataset.y[rows],
        sample_weight=None if dataset.sample_weight is None else dataset.sample_weight[rows],
        problem=dataset.problem,
        n_classes=dataset.n_classes,
        floor=floor,
        rows=rows,
        groups=None if dataset.groups is None else dataset.groups[rows],
        objective=metric.objective,
    )


def _unlike(ordered: list[TrialResult], samples: list[NDArray[Any]], cap: int) -> list[TrialResult]:
    """Return at most ``cap`` results without near-duplicates, best first.

    Half are chosen by score, then the best of each missing family, then those whose predictions
    are least similar to the chosen ones.
    """
    flat = np.stack([np.asarray(part, dtype=np.float64).ravel() for part in samples])
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-12
    similarity = flat @ flat.T
    positions: list[int] = []
    for position in range(len(ordered)):
        if all(similarity[position, other] < DUPLICATE_CORRELATION for other in positions):
            positions.append(position)
    if len(positions) <= cap:
        return [ordered[position] for position in positions]
    taken = positions[: max(1, cap // 2)]
    families = {ordered[position].trial.configuration.family for position in taken}
    for position in positions:
        family = ordered[position].trial.configuration.family
        if family not in families and len(taken) < cap:
            families.add(family)
            taken.append(position)
    # The worse half is left out: it differs from the others mostly by being wrong.
    rest = [p for p in positions[: max(cap, len(positions) // 2)] if p not in set(taken)]
    while len(taken) < cap and rest:
        closeness = similarity[np.ix_(rest, taken)].max(axis=1)
        taken.append(rest.pop(int(np.argmin(closeness))))
    return [ordered[position] for position in sorted(taken)]

"""Combine the members' predictions: a weighted mean of probabilities, or a sum in link space.

Symbols, here and in the files beside it
    n   rows
    K   classes
    C   columns in link space: 1 for regression and binary problems, K for multiclass
    m   members

Link space is the logit for binary problems, centred log-probabilities for multiclass ones and the
value itself for regression. Probabilities are floored before the logarithm, so that a member that
says "never" costs a bounded amount.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.problem import ProblemKind

Floats = NDArray[np.float64]
# exp of this is far from the largest float64, and certainty long before.
LARGEST_EXPONENT = 500.0


class CombinationSpace(StrEnum):
    """The space in which the members' predictions are combined."""

    PROBABILITY = "probability"  # weighted mean of probabilities, or of values in regression
    LINK = "link"  # intercept + weighted sum in link space


def probability_floor(n_rows: int) -> float:
    """Return the smallest probability that can be distinguished from zero with ``n_rows`` rows.

    Bounded to [1e-6, 1e-3], so that tables of any size give sane logits. It is that of one of two
    classes; `to_link` gives each of more classes its share of it.
    """
    return float(np.clip(1.0 / max(n_rows, 1), 1e-6, 1e-3))


def to_link(predictions: NDArray[Any], problem: ProblemKind, floor: float) -> Floats:
    """Return predictions in link space.

    Parameters
    ----------
    predictions : array, shape (n, K) of probabilities, or (n,) of values
        Predictions of a trial or of a fitted member.
    problem : ProblemKind
        The kind of problem.
    floor : float
        Probabilities are mixed with the uniform distribution: it gets the weight 2 * floor,
        whatever the number of classes, so that none of two probabilities is below this value and
        none of K is below 2 / K of it.

    Returns
    -------
    array, shape (n, C)
    """
    if not problem.is_classification:
        return np.asarray(predictions, dtype=np.float64).reshape(-1, 1)
    probabilities = np.asarray(predictions, dtype=np.float64)
    n_classes = probabilities.shape[1]
    # The same weight for any K: a floor for each class would add up to all there is from 1,000 on.
    each = 2.0 * floor / n_classes
    logs = np.log((1.0 - n_classes * each) * np.clip(probabilities, 0.0, 1.0) + each)
    if problem is ProblemKind.BINARY:
        return np.asarray(logs[:, 1:] - logs[:, :1])
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def from_link(link: Floats, problem: ProblemKind) -> Floats:
    """Return predictions, shape (n, K) or (n,), for link values of shape (n, C)."""
    if not problem.is_classification:
        return link[:, 0]
    if problem is ProblemKind.BINARY:
        # exp(-|z|) cannot overflow, whatever the sign of z.
        small = np.exp(-np.abs(link[:, 0]))
        positive = np.where(link[:, 0] >= 0, 1.0, small) / (1.0 + small)
        return np.column_stack([1.0 - positive, positive])
    powers, totals = centred_powers(link)
    powers /= totals[:, None]
    return powers


def centred_powers(link: Floats) -> tuple[Floats, Floats]:
    """Return exp of the centred link values, shape (n, K), and their row sums, shape (n,).

    The largest centred value of a row is never below zero, so the sum cannot vanish; sums along
    a short last axis are products with ones because that is several times quicker.
    """
    ones = np.ones(link.shape[1])
    powers = link - (link @ (ones / len(ones)))[:, None]
    np.minimum(powers, LARGEST_EXPONENT, out=powers)
    np.exp(powers, out=powers)
    return powers, powers @ ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """The members' weights and the space in which their predictions are combined.

    Attributes
    ----------
    problem : ProblemKind
        The kind of problem.
    space : CombinationSpace
        The space in which the members' predictions are combined.
    weights : tuple of float, length m
        Non-negative. In probability space only their proportions count.
    intercept : tuple of float, length C
        Added in link space; empty in probability space.
    floor : float
        Smallest probability, see `to_link`.
    """

    problem: ProblemKind
    space: CombinationSpace
    weights: tuple[float, ...]
    intercept: tuple[float, ...] = ()
    floor: float = 1e-6

    def __post_init__(self) -> None:
        if not self.weights or min(self.weights) < 0 or not sum(self.weights) > 0:
            raise ValueError(f"weights must be non-negative with a positive sum: {self.weights}")
        if bool(self.intercept) != (self.space is CombinationSpace.LINK):
            raise ValueError("link space needs an intercept, probability space takes none")

    def apply(self, predictions: Sequence[NDArray[Any]]) -> Floats:
        """Return the combined predictions.

        Parameters
        ----------
        predictions : sequence of m arrays, shape (n, K) or (n,)
            One for each member, in the order of the weights.

        Returns
        -------
        array, shape (n, K) or (n,)
            Rows of probabilities sum to 1.
        """
        if self.space is CombinationSpace.PROBABILITY:
            total = sum(self.weights)
            mean = np.zeros(predictions[0].shape, dtype=np.float64)
            for weight, part in zip(self.weights, predictions, strict=True):
                mean += (weight / total) * part
            if self.problem.is_classification:
                mean /= mean.sum(axis=1, keepdims=True)
            return mean
        link = np.tile(np.asarray(self.intercept), (len(predictions[0]), 1))
        for weight, part in zip(self.weights, predictions, strict=True):
            link += weight * to_link(part, self.problem, self.floor)
        return from_link(link, self.problem)

    def spread(self, predictions: Sequence[NDArray[Any]]) -> Floats:
        """Return the weighted standard deviation of the members' predicted values, shape (n,).

        Parameters as in `apply`. All zeros for a single member, and for classification.
        """
        if self.problem.is_classification or len(predictions) < 2:
            return np.zeros(len(predictions[0]))
        shares = np.asarray(self.weights) / sum(self.weights)
        values = np.stack([np.asarray(part, dtype=np.float64) for part in predictions])
        return np.asarray(np.sqrt(shares @ (values - shares @ values) ** 2))

    def keep(self, positions: Sequence[int]) -> "Combination":
        """Return the combination of only these members; they take over the others' weight."""
        kept = np.asarray([self.weights[position] for position in positions])
        if not kept.size or not kept.sum() > 0:
            raise ValueError("at least one member with a positive weight must stay")
        scaled = kept * (sum(self.weights) / kept.sum())
        return Combination(
            problem=self.problem,
            space=self.space,
            weights=tuple(scaled.tolist()),
            intercept=self.intercept,
            floor=self.floor,
        )

"""Base class of the gradient boosting families: parameters and early stopping."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.learners.families.boosting_rounds import Patience
from espalier.pipelines.metrics.objective import (
    SQUARED_ERROR,
    LossKind,
    TrainingObjective,
    unit_loss,
)
from espalier.pipelines.resources.budget import Deadline

# From so many rows on, boosters wait this share of the best round for a better one.
_GROWTH, _ROWS_TO_WAIT_FOR = 0.3, 500


@dataclass(frozen=True, slots=True)
class BoostingRows:
    """Rows to train on, or to validate on for early stopping.

    Attributes
    ----------
    X : array, shape (n_rows, n_columns)
        Features.
    y : array, shape (n_rows,)
        Codes or values.
    weight : array or None, shape (n_rows,)
        Weight of each row.
    """

    X: Any
    y: NDArray[Any]
    weight: NDArray[Any] | None


class BoostedTrees(BaseEstimator, ABC):
    """A gradient boosting model with early stopping and a deadline.

    Parameters
    ----------
    parameters : mapping
        Parameters in the names of the boosting library.
    rounds : int
        Boosting rounds at most; exactly, when `fit` gets no ``eval_set``.
    patience : int
        Rounds without a better validation loss before it stops, at least; see `Patience`.
    n_threads : int
        Threads.
    objective : TrainingObjective
        The loss that early stopping watches in regression.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        rounds: int = 500,
        patience: int = 50,
        n_threads: int = 1,
        objective: TrainingObjective = SQUARED_ERROR,
    ) -> None:
        self.parameters = parameters
        self.rounds = rounds
        self.patience = patience
        self.n_threads = n_threads
        self.objective = objective

    def fit(
        self,
        X: Any,
        y: NDArray[Any],
        *,
        sample_weight: NDArray[Any] | None = None,
        eval_set: tuple[Any, NDArray[Any]] | None = None,
        eval_weight: NDArray[Any] | None = None,
        categorical: tuple[int, ...] = (),
        deadline: Deadline | None = None,
    ) -> Self:
        """Boost on ``X`` of shape (n_rows, n_columns) and ``y`` of codes or values.

        Sets ``n_iterations_``, the number of rounds kept.
        """
        watched = None if eval_set is None else BoostingRows(*eval_set, eval_weight)
        rounds = None if watched is None else self.patience
        growth = _GROWTH if len(y) >= _ROWS_TO_WAIT_FOR else 0.0
        patience = Patience(rounds, deadline, growth=growth)
        self._boost(BoostingRows(X, y, sample_weight), watched, tuple(categorical), patience)
        return self

    @abstractmethod
    def _boost(
        self,
        train: BoostingRows,
        watched: BoostingRows | None,
        categorical: tuple[int, ...],
        patience: Patience,
    ) -> None:
        """Grow trees until the rounds are done or ``patience`` ends; set ``n_iterations_``."""

    def _least_loss(self, watched: BoostingRows | None) -> float:
        """Return what the libraries give as the loss of perfect predictions.

        Their Poisson and Tweedie losses leave out terms of the target alone. Without these a
        falling loss may be negative, and a share of it says nothing.
        """
        if watched is None or self.objective.loss not in (LossKind.POISSON, LossKind.TWEEDIE):
            return 0.0
        y = np.asarray(watched.y, dtype=np.float64)
        return float(
            np.average(unit_loss(y, y, self.objective.variance_power), weights=watched.weight)
        )


def probabilities(raw: NDArray[Any]) -> NDArray[Any]:
    """Return probabilities of all classes, shape (n_rows, n_classes); binary input may be 1-d."""
    return raw if raw.ndim == 2 else np.column_stack([1 - raw, raw])

"""What the gradient boosting families share: early stopping, and the names of their losses."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from espalier.pipelines.learners.base.learner import BuildContext
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


def regression_losses(
    context: BuildContext,
    names: Mapping[LossKind, tuple[str, str]],
    *,
    median: tuple[str, str],
) -> tuple[str, str]:
    """Return what a library calls the loss to minimise and the one to watch, in regression.

    Parameters
    ----------
    context : BuildContext
        The loss that is minimised, and the objective whose loss stops it early.
    names : mapping of LossKind to (objective, metric)
        The library's name of each loss, as what is minimised and as what is measured.
    median : (objective, metric)
        Its names of the absolute error, the loss of the quantile 0.5.
    """
    asked = context.objective
    minimised, watched = names[context.loss][0], names[asked.loss][1]
    if not asked.is_median:
        return minimised, watched
    return median[0] if context.loss is LossKind.QUANTILE else minimised, median[1]


def probabilities(raw: NDArray[Any]) -> NDArray[Any]:
    """Return probabilities of all classes, shape (n_rows, n_classes); binary input may be 1-d."""
    return raw if raw.ndim == 2 else np.column_stack([1 - raw, raw])

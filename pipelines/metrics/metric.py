"""The type of a metric: its direction, the predictions it takes, and the problems it scores."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from espalier.pipelines.metrics.objective import SQUARED_ERROR, TrainingObjective
from espalier.pipelines.problem import ProblemKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric: how predictions are scored.

    Attributes
    ----------
    name : str
        The name that users write: ``roc_auc``, ``log_loss``, ``rmse``...
    higher_is_better : bool
        Whether a higher score is better.
    problems : frozenset of ProblemKind
        The problems that it can score.
    needs : str
        The predictions it takes: ``scores`` (class probabilities), ``labels`` (class codes) or
        ``values`` (regression).
    function : callable (y_true, prediction, sample_weight) -> float
        ``y_true`` in codes or values. ``prediction`` has shape (n_rows, n_classes) for
        ``scores``, (n_rows,) otherwise.
    target_floor : float or None
        Smallest target that the metric is defined for; None for any.
    open_floor : bool
        Whether targets must be larger than ``target_floor``, not equal to it.
    positive_answers : bool
        Whether predictions must be above 0. A metric with a floor takes none below it in any case.
    divides_by_target : bool
        Whether a target of 0 makes the score meaningless, as in a percentage error.
    objective : TrainingObjective
        What models of a numeric target minimise, and the weights of an ensemble, so that they do
        well on the metric.
    """

    name: str
    higher_is_better: bool
    problems: frozenset[ProblemKind]
    needs: str
    function: Callable[[NDArray[Any], NDArray[Any], NDArray[Any] | None], float]
    target_floor: float | None = None
    open_floor: bool = False
    positive_answers: bool = False
    divides_by_target: bool = False
    objective: TrainingObjective = SQUARED_ERROR

    @property
    def sign(self) -> float:
        """1 or -1, such that a larger ``sign * score`` is better."""
        return 1.0 if self.higher_is_better else -1.0

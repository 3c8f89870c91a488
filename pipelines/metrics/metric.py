"""What a metric is: its direction, what it needs of a prediction, and where it makes sense."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from espalier.pipelines.problem import ProblemKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """How predictions are scored.

    Attributes
    ----------
    name : str
        As the user writes it: ``roc_auc``, ``log_loss``, ``rmse``...
    higher_is_better : bool
        Direction.
    problems : frozenset of ProblemKind
        Where it makes sense.
    needs : str
        ``scores`` (class probabilities), ``labels`` (class codes) or ``values`` (regression).
    function : callable (y_true, prediction, sample_weight) -> float
        ``y_true`` in codes or values. ``prediction`` has shape (n_rows, n_classes) for
        ``scores``, (n_rows,) otherwise.
    target_floor : float or None
        Smallest target it is defined for; None for any. ``open_floor`` leaves it out itself.
    open_floor : bool
        Whether targets must lie above ``target_floor``, not on it.
    """

    name: str
    higher_is_better: bool
    problems: frozenset[ProblemKind]
    needs: str
    function: Callable[[NDArray[Any], NDArray[Any], NDArray[Any] | None], float]
    target_floor: float | None = None
    open_floor: bool = False

    @property
    def sign(self) -> float:
        """``sign * score`` is the larger the better."""
        return 1.0 if self.higher_is_better else -1.0

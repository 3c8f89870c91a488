"""Number of boosting rounds, and early stopping."""

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline

_ROWS_OF_FULL_LENGTH = 20_000
# A loss that falls by a smaller share than this does not restart the wait for improvement.
_WORTH_WAITING = 5e-4
# Below this many rows a class's gradients are so small that plain settings diverge.
_TINY_CLASS = 30


class Patience:
    """Decide after each round whether to stop.

    Parameters
    ----------
    rounds : int or None
        Rounds to wait without improvement; None without validation rows.
    deadline : Deadline or None
        When to stop with the rounds so far.
    """

    def __init__(self, rounds: int | None, deadline: Deadline | None) -> None:
        self.rounds = rounds
        self.deadline = deadline
        self.best_loss = float("inf")
        self.best_round = 0
        self._mark = float("inf")
        self._marked_round = 0

    def stop(self, round_: int, loss: float | None) -> bool:
        """Return whether to stop after ``round_`` (from 0), which reached ``loss``."""
        if loss is None or loss < self.best_loss or round_ == 0:
            self.best_loss = float("inf") if loss is None else loss
            self.best_round = round_
        if loss is None or loss < self._mark * (1 - _WORTH_WAITING) or round_ == 0:
            self._mark = self.best_loss
            self._marked_round = round_
        late = self.deadline is not None and self.deadline.passed
        return late or (self.rounds is not None and round_ - self._marked_round >= self.rounds)


def default_rate(shape: DatasetShape) -> float:
    """Return the default learning rate: larger where each round costs more."""
    if shape.n_classes > 2 or shape.n_rows > 100_000:
        return 0.12 if shape.n_classes > 10 else 0.1
    return 0.06


def max_rounds(shape: DatasetShape, rate: float, *, most_trees: int = 6_000) -> int:
    """Return the most boosting rounds worth their time at this learning rate.

    Early stopping ends most fits long before. Many classes grow as many trees a round, so they
    get fewer rounds: half of ``most_trees`` for each class.
    """
    by_rate = 60.0 / rate
    by_classes = most_trees / max(shape.n_classes / 2, 1)
    by_rows = 2_000 * max(1.0, _ROWS_OF_FULL_LENGTH / max(shape.n_rows, 1)) ** 0.5
    return int(max(30, min(by_rate, by_classes, by_rows, 3_000)))


def patience_rounds(rate: float) -> int:
    """Return the rounds to wait for a better loss: more where each step is smaller."""
    return max(15, min(100, round(2.5 / rate)))


def expected_trees(shape: DatasetShape, rate: float) -> float:
    """Return about how many trees a fit grows before it stops early, over all classes."""
    rounds = min(max_rounds(shape, rate), 15.0 / rate)
    return rounds * (shape.n_classes if shape.n_classes > 2 else 1)


def has_tiny_class(shape: DatasetShape) -> bool:
    """Whether a multiclass problem has a class so rare that plain settings may diverge."""
    return shape.problem is ProblemKind.MULTICLASS and shape.smallest_class < _TINY_CLASS

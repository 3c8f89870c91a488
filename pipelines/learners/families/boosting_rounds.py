"""Number of boosting rounds, and early stopping."""

from collections.abc import Mapping

from espalier.pipelines.data.dataset import DatasetShape
from espalier.pipelines.problem import ProblemKind
from espalier.pipelines.resources.budget import Deadline
from espalier.pipelines.trials.configuration import Value

MOST_TREES = 10_000
"""Most rounds; with more than two classes, half as many trees a class."""
SMALLEST_RATE = 0.005
"""Smallest learning rate of a search."""
# Most rounds times the rate: up to 750 rows, and with more.
_SHORTER, _LONGEST = 60.0, 150.0
# Up to 750 rows there are so many rounds, with more so many a row. Above so many rows there are
# fewer again.
_ROUNDS_OF_FEW_ROWS, _ROUNDS_A_ROW, _ROWS_OF_FULL_LENGTH = 3_000, 4, 50_000
# Where each round costs more, larger steps than these are worth a trial too.
_LARGEST_RATE, _LARGEST_WHERE_ROUNDS_COST = 0.1, 0.3
_MANY_ROWS = 100_000
# A loss that falls by a smaller share than this does not restart the wait for improvement.
_WORTH_WAITING = 5e-4
# Up to so many rows no smaller step than this pays; with more rows it falls as one over the rows.
_LEAST_RATE, _ROWS_OF_LEAST_RATE = 0.015, 500
# A fit to many classes takes about so many rounds, over the rate.
_ROUNDS_OF_RATE = 40.0
# Smaller rates are lengthened to this at most, and a typical leaf has this share of the rows.
_MOST_LENGTHENED, _ROWS_OF_A_STEP = 0.1, 0.25
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
    growth : float
        Share of the best round to wait where that is longer, since a long fit improves slowly. Only
        while less than a third of the time until the deadline is used: a refit may follow.
    """

    def __init__(
        self, rounds: int | None, deadline: Deadline | None, *, growth: float = 0.0
    ) -> None:
        self.rounds = rounds
        self.deadline = deadline
        self.growth = growth
        self.best_loss = float("inf")
        self.best_round = 0
        self._mark = float("inf")
        self._marked_round = 0
        self._seconds = _seconds_left(deadline)

    def stop(self, round_: int, loss: float | None) -> bool:
        """Return whether to stop after ``round_`` (from 0), which reached ``loss``."""
        if loss is None or loss < self.best_loss or round_ == 0:
            self.best_loss = float("inf") if loss is None else loss
            self.best_round = round_
        if loss is None or loss < self._mark * (1 - _WORTH_WAITING) or round_ == 0:
            self._mark = self.best_loss
            self._marked_round = round_
        return self.late or self._has_waited(round_ - self._marked_round)

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline is not None and self.deadline.passed

    def _has_waited(self, rounds: int) -> bool:
        if self.rounds is None or rounds < self.rounds:
            return False
        if rounds >= self.growth * self.best_round:
            return True
        return self.deadline is not None and 3 * _seconds_left(self.deadline) < 2 * self._seconds


def _seconds_left(deadline: Deadline | None) -> float:
    return float("inf") if deadline is None else deadline.seconds_left


def default_rate(shape: DatasetShape) -> float:
    """Return the default learning rate: larger where each round costs more."""
    if _rounds_cost(shape):
        return 0.12 if shape.n_classes > 10 else 0.1
    return 0.06


def searched_rates(shape: DatasetShape) -> tuple[float, float]:
    """Return the smallest and the largest learning rate that a search may try.

    A tenth is enough: of 28 LightGBMs in AutoGluon's portfolio none has more, and smaller steps
    arrive, since rounds are not what bounds a fit. More is allowed where each round costs more.
    """
    return SMALLEST_RATE, _LARGEST_WHERE_ROUNDS_COST if _rounds_cost(shape) else _LARGEST_RATE


def _rounds_cost(shape: DatasetShape) -> bool:
    return shape.n_classes > 2 or shape.n_rows > _MANY_ROWS


def max_rounds(shape: DatasetShape, rate: float, *, most_trees: int = MOST_TREES) -> int:
    """Return the most boosting rounds worth their time at this learning rate.

    Early stopping or the deadline end most fits long before. Few rows get fewer rounds, since they
    are soon learned by heart; very many rows too. Many classes grow as many trees a round: half of
    ``most_trees`` for each class.
    """
    n_rows = max(shape.n_rows, 1)
    few = max(_ROUNDS_OF_FEW_ROWS, _ROUNDS_A_ROW * n_rows)
    many = max(_ROUNDS_OF_FEW_ROWS, MOST_TREES * (_ROWS_OF_FULL_LENGTH / n_rows) ** 0.5)
    by_classes = _rounds_by_classes(shape, most_trees)
    by_rate = (_SHORTER if few == _ROUNDS_OF_FEW_ROWS else _LONGEST) / rate
    return int(max(30, min(by_rate, by_classes, few, many, MOST_TREES)))


def sensible_rate(
    rate: float,
    penalty: float,
    shape: DatasetShape,
    *,
    default: float,
    most_trees: int = MOST_TREES,
) -> float:
    """Return the learning rate to use where a configuration says ``rate``: larger, if any.

    - With many classes `max_rounds` allows few rounds. Steps too small to arrive in so many are
      lengthened, up to the default: 32 classes learn nothing of use from a rate of 0.02.
    - On few rows small steps need more rounds for the same loss and no better one: up to 500 rows
      they are lengthened to 0.015, below some 750 less. A penalty shortens each step
      further, by its share of a leaf's denominator, which is largest on few rows.

    Parameters
    ----------
    rate : float
        Learning rate of the configuration.
    penalty : float
        Its L2 penalty of leaf values.
    shape : DatasetShape
        Shape of the search table.
    default : float
        The family's default rate for this shape.
    most_trees : int
        As for `max_rounds`.
    """
    n_rows = max(shape.n_rows, 1)
    hessian = n_rows * _ROWS_OF_A_STEP * (0.25 if shape.problem.is_classification else 1.0)
    for_rows = _LEAST_RATE * min(1.0, _ROWS_OF_LEAST_RATE / n_rows) * (1.0 + penalty / hessian)
    several = shape.n_classes > 2
    for_classes = _ROUNDS_OF_RATE / _rounds_by_classes(shape, most_trees) if several else 0.0
    return max(rate, min(for_rows, _MOST_LENGTHENED), min(for_classes, default))


def _rounds_by_classes(shape: DatasetShape, most_trees: int) -> float:
    return most_trees / max(shape.n_classes / 2, 1)


def patience_rounds(rate: float) -> int:
    """Return the rounds to wait for a better loss: more where each step is smaller."""
    return max(15, min(100, round(2.5 / rate)))


def expected_trees(shape: DatasetShape, rate: float) -> float:
    """Return about how many trees a fit grows before it stops early, over all classes."""
    rounds = min(max_rounds(shape, rate), 15.0 / rate)
    return rounds * (shape.n_classes if shape.n_classes > 2 else 1)


def draws(values: Mapping[str, Value], *shares: str) -> bool:
    """Whether trees see a drawn share of rows or columns, or thresholds, so that a seed matters."""
    return bool(values.get("extra_trees")) or any(float(values.get(n, 1.0)) < 1 for n in shares)


def has_tiny_class(shape: DatasetShape) -> bool:
    """Whether a multiclass problem has a class so rare that plain settings may diverge."""
    return shape.problem is ProblemKind.MULTICLASS and shape.smallest_class < _TINY_CLASS

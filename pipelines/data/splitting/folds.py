"""Which rows each fold trains on and validates on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from espalier.pipelines.errors import UserError

MOST_ASKED_FOR = 20


def check_fold_count(n_folds: int) -> int:
    """Check a requested number of folds and return it.

    Raises
    ------
    UserError
        It is not between 1 (one split) and 20.
    """
    if not 1 <= n_folds <= MOST_ASKED_FOR:
        raise UserError(
            f"the number of folds must be between 1 and {MOST_ASKED_FOR}, not {n_folds}; "
            "1 is one split"
        )
    return n_folds


@dataclass(frozen=True, slots=True)
class Fold:
    """Training and validation rows of one fold; they never overlap.

    Attributes
    ----------
    train, valid : array of int64
        Positions in the dataset.
    """

    train: NDArray[Any]
    valid: NDArray[Any]


@dataclass(frozen=True, slots=True)
class FoldPlan:
    """All folds of an evaluation, in order.

    Attributes
    ----------
    folds : tuple of Fold
        At least one.
    description : str
        For people: ``5-fold cross-validation, stratified``, ``hold-out of 20 %``...
    """

    folds: tuple[Fold, ...]
    description: str

    def __iter__(self) -> Iterator[Fold]:
        return iter(self.folds)

    def __len__(self) -> int:
        return len(self.folds)

"""Which rows each fold trains on and validates on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Fold:
    """Row positions of one fold; the two never overlap.

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

    def validated_rows(self) -> NDArray[Any]:
        """Return the sorted positions that at least one fold validates."""
        return np.unique(np.concatenate([fold.valid for fold in self.folds]))

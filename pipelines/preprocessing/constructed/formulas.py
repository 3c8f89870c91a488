"""Formulas of two or three numeric columns, evaluated for many rows or one.

A formula is an operation on two columns of a table, which may be columns that earlier formulas
made. Formulas that do not need each other are evaluated together, operation by operation, so that
hundreds of them take a fraction of a millisecond for one row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPERATIONS = ("sum", "difference", "product", "ratio")
LARGEST = 1e30
"""Results are cut to this size."""
# Rows are taken in blocks of so many cells.
_CELLS_AT_ONCE = 2_000_000

Formula = tuple[str, int, int]
"""Operation, and the positions of its two columns."""


@dataclass(frozen=True, slots=True)
class Formulas:
    """Formulas on a table of ``n_columns`` columns.

    Attributes
    ----------
    n_columns : int
        Columns of the table.
    stages : tuple of tuples of Formula
        The columns that a stage makes follow those of the table and of earlier stages; a formula
        uses only columns that are there before its stage.
    shown : tuple of int
        Positions of the made columns that are wanted; the others are parts of them.
    """

    n_columns: int
    stages: tuple[tuple[Formula, ...], ...]
    shown: tuple[int, ...]

    @classmethod
    def plain(cls, n_columns: int, formulas: Sequence[Formula]) -> "Formulas":
        """Return formulas of columns of the table only, all of them wanted."""
        chosen = tuple(formulas)
        shown = tuple(range(n_columns, n_columns + len(chosen)))
        return cls(n_columns, (chosen,) if chosen else (), shown)

    def __len__(self) -> int:
        return len(self.shown)

    def with_made(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Return ``X`` of shape (n_rows, n_columns), float64, with the wanted columns appended."""
        found = np.empty((len(X), self.n_columns + len(self.shown)))
        found[:, : self.n_columns] = X
        width = self.n_columns + sum(map(len, self.stages))
        n_rows = max(1, _CELLS_AT_ONCE // max(width, 1))
        for start in range(0, len(X), n_rows):
            part = slice(start, start + n_rows)
            found[part, self.n_columns :] = self._made(X[part])
        return found

    def _made(self, X: NDArray[Any]) -> NDArray[np.float64]:
        table = np.asarray(X, dtype=np.float64)
        for stage in self.stages:
            made = np.empty((len(table), len(stage)))
            for name, places, first, second in by_operation(stage):
                made[:, places] = combine(table[:, first], name, table[:, second])
            table = np.hstack([table, made])
        return np.asarray(table[:, list(self.shown)])


def by_operation(
    stage: Sequence[Formula],
) -> list[tuple[str, list[int], list[int], list[int]]]:
    """Return, for each operation of a stage, its name, places, first and second columns."""
    groups = []
    for name in OPERATIONS:
        own = [(at, each[1], each[2]) for at, each in enumerate(stage) if each[0] == name]
        if own:
            places, first, second = (list(each) for each in zip(*own, strict=True))
            groups.append((name, places, first, second))
    return groups


def combine(a: NDArray[Any], name: str, b: NDArray[Any]) -> NDArray[np.float64]:
    """Return an operation's result; a ratio to zero is the numerator, so that it stays finite."""
    with np.errstate(all="ignore"):
        if name == "sum":
            made = a + b
        elif name == "difference":
            made = a - b
        elif name == "product":
            made = a * b
        else:
            made = np.where(b == 0, a, a / np.where(b == 0, 1.0, b))
        return np.asarray(np.clip(made, -LARGEST, LARGEST))

"""Divide rows into blocks that are balanced in the target and fixed by the seed."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.seeds import generator


class TargetRows(Protocol):
    """Rows with a target and optional groups."""

    @property
    def y(self) -> NDArray[Any]:
        """Codes or values, shape (n,)."""
        ...

    @property
    def groups(self) -> NDArray[Any] | None:
        """Group codes, shape (n,); rows of one group belong together."""
        ...


def independent_units(rows: TargetRows) -> int:
    """Return how many parts the rows can be divided into: groups, or rows if there are none."""
    return len(rows.y) if rows.groups is None else len(np.unique(rows.groups))


def row_blocks(
    library: TargetRows, n_blocks: int, *, seed: int, whole_groups: bool = True
) -> NDArray[np.int64]:
    """Return the block number of every row, shape (n,), in 0..n_blocks-1; no block is empty.

    Rows are assigned in the order of the target, ties in random order, so that every block gets
    its share of each class (rare ones too) and of each range of values. If there are groups, all
    rows of a group go to the same block, and there are never more blocks than groups.

    Parameters
    ----------
    library : Library, or other rows
        The rows to divide.
    n_blocks : int
        At least 2; blocks differ by one row at most (by a group's size with groups). Fewer blocks
        are made where there are fewer rows or groups.
    seed : int
        Seed of the random order.
    whole_groups : bool
        Whether groups stay whole. For a sample of rows they need not: a part of every group tells
        more than all rows of some groups.
    """
    rng = generator(seed, "ensemble", "blocks")
    n_rows = len(library.y)
    if library.groups is None or not whole_groups:
        n_blocks = min(n_blocks, n_rows)
        order = np.lexsort((rng.random(n_rows), library.y))
        blocks = np.empty(n_rows, dtype=np.int64)
        blocks[order] = _dealt(n_rows, n_blocks, rng)
        return blocks
    _, codes = np.unique(library.groups, return_inverse=True)
    n_groups = int(codes.max()) + 1
    means = np.bincount(codes, weights=library.y) / np.bincount(codes)
    n_blocks = min(n_blocks, n_groups)
    order = np.lexsort((rng.random(n_groups), means))
    group_blocks = np.empty(n_groups, dtype=np.int64)
    group_blocks[order] = _dealt(n_groups, n_blocks, rng)
    return group_blocks[codes]


def _dealt(n_items: int, n_blocks: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return block numbers assigned in rounds, each round shuffled, shape (n_items,)."""
    rounds = int(np.ceil(n_items / n_blocks))
    deals = np.stack([rng.permutation(n_blocks) for _ in range(max(rounds, 1))])
    return deals.ravel()[:n_items].astype(np.int64)

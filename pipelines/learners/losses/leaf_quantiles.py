"""Quantiles from the leaves of a forest: quantile regression forests (Meinshausen 2006)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.losses.weighted_quantile import segment_quantiles

# Training rows kept of each leaf, evenly spread over its sorted targets.
_ROWS_A_LEAF = 16
# Numbers held at a time in predicting.
_BLOCK = 4_000_000


class LeafQuantiles:
    """The quantile of the training targets that share leaves with a row.

    Each tree spreads a weight of one evenly over the training rows in the row's leaf; the forest's
    answer is the quantile of all of them. Splits are those of the squared error.

    Parameters
    ----------
    level : float
        The quantile, in (0, 1).
    """

    def __init__(self, level: float) -> None:
        self.level = level

    def fit(
        self, leaves: NDArray[Any], y: NDArray[Any], weight: NDArray[Any] | None
    ) -> "LeafQuantiles":
        """Store the targets of each leaf.

        Parameters
        ----------
        leaves : array of int, shape (n_rows, n_trees)
            The leaf of each training row in each tree.
        y : array, shape (n_rows,)
            Targets.
        weight : array or None, shape (n_rows,)
            Non-negative weights.
        """
        order = np.argsort(y, kind="stable")
        self.y_ = np.asarray(y, dtype=np.float64)[order]
        weight = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)[order]
        self.ranks_, self.shares_, self.starts_ = [], [], []
        for column in leaves[order].T:
            # Within a leaf, rows stay sorted by their target.
            ranks = np.argsort(column, kind="stable")
            sizes = np.bincount(column)
            starts = np.concatenate([[0], np.cumsum(sizes)])
            place = np.arange(len(ranks)) - starts[column[ranks]]
            size = sizes[column[ranks]]
            # One of every few rows, from the middle of each few.
            kept = size <= _ROWS_A_LEAF
            few = (2 * _ROWS_A_LEAF * place + size) // (2 * size)
            before = (2 * _ROWS_A_LEAF * (place - 1) + size) // (2 * size)
            kept |= few > before
            ranks = ranks[kept]
            leaf = column[ranks]
            mass = np.bincount(leaf, weights=weight[ranks], minlength=len(sizes))
            counts = np.bincount(leaf, minlength=len(sizes))
            safe = np.where(mass[leaf] > 0, mass[leaf], 1.0)
            share = np.where(mass[leaf] > 0, weight[ranks] / safe, 1.0 / counts[leaf])
            self.ranks_.append(ranks.astype(np.int32))
            self.shares_.append(share.astype(np.float32))
            self.starts_.append(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
        return self

    def predict(self, leaves: NDArray[Any]) -> NDArray[np.float64]:
        """Return the quantile for rows in these leaves, shape (n_rows, n_trees)."""
        n_rows, n_trees = leaves.shape
        step = max(1, _BLOCK // (n_trees * _ROWS_A_LEAF))
        parts = [self._block(leaves[at : at + step]) for at in range(0, n_rows, step)]
        return np.concatenate(parts) if parts else np.empty(0)

    def _block(self, leaves: NDArray[Any]) -> NDArray[np.float64]:
        rows, ranks, shares = [], [], []
        for tree, column in enumerate(leaves.T):
            starts = self.starts_[tree]
            sizes = starts[column + 1] - starts[column]
            ends = np.cumsum(sizes)
            places = np.arange(int(sizes.sum())) + np.repeat(starts[column] - (ends - sizes), sizes)
            rows.append(np.repeat(np.arange(len(column)), sizes))
            ranks.append(self.ranks_[tree][places])
            shares.append(self.shares_[tree][places])
        row, rank = np.concatenate(rows), np.concatenate(ranks)
        order = np.argsort(row * np.int64(len(self.y_)) + rank, kind="stable")
        return segment_quantiles(
            self.y_[rank[order]], np.concatenate(shares)[order], row[order], len(leaves), self.level
        )

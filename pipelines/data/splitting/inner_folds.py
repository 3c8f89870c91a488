"""Folds within the rows that a model is fitted to, for whatever it must judge on rows left out.

A model that is to predict new groups, or the future, must judge itself on them too: by groups left
out, or on rows newer than those it learned from.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.splitting.folds import Fold
from espalier.pipelines.seeds import generator


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """What is known of rows beside their features and their target.

    Attributes
    ----------
    weight, groups, times : array or None, shape (n_rows,)
        As in `Dataset`.
    """

    weight: NDArray[np.float64] | None = None
    groups: NDArray[Any] | None = None
    times: NDArray[Any] | None = None

    def take(self, rows: NDArray[Any]) -> "RowFacts":
        """Return the facts of these row positions, in the order given."""

        def part(values: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if values is None else values[rows]

        return RowFacts(weight=part(self.weight), groups=part(self.groups), times=part(self.times))

    @property
    def are_alike(self) -> bool:
        """Whether any row may stand for any other: there are no groups and no order."""
        return not (_has_groups(self.groups) or _has_order(self.times))


PLAIN = RowFacts()
"""Rows of equal weight without groups and times."""


def inner_folds(
    facts: RowFacts, by_rows: NDArray[np.int64], n_folds: int, *, seed: int
) -> list[Fold]:
    """Return folds that keep groups together and go forward in time.

    A single group, or a moment with more than half of the rows, leaves nothing to keep apart.

    Parameters
    ----------
    facts : RowFacts
        Of the rows to split.
    by_rows : array, shape (n_rows,)
        Fold of each row, 0..n_folds-1, if there are neither groups nor times.
    n_folds : int
        Number of folds wanted.
    seed : int
        Seed of the order in which groups of one size are dealt.

    Returns
    -------
    list of Fold
        Neither part is ever empty. Rows are validated once at most: the oldest never are, nor
        those that have no row of another group before them.
    """
    part, forward = by_rows, False
    grouped = _has_groups(facts.groups)
    if _has_order(facts.times):
        assert facts.times is not None
        part, forward = _blocks_of_time(facts.times, n_folds + 1), True
    elif grouped:
        assert facts.groups is not None
        part = _deal_groups(facts.groups, n_folds, seed)
    folds = []
    for number in range(int(part.max(initial=0)) + 1):
        valid = part == number
        train = part < number if forward else ~valid
        if forward and grouped and facts.groups is not None:
            train &= ~np.isin(facts.groups, np.unique(facts.groups[valid]))
        if valid.any() and train.any():
            folds.append(Fold(np.flatnonzero(train), np.flatnonzero(valid)))
    return folds


def _has_groups(groups: NDArray[Any] | None) -> bool:
    return groups is not None and len(groups) > 0 and bool((groups != groups[0]).any())


def _has_order(times: NDArray[Any] | None) -> bool:
    if times is None or len(times) < 2:
        return False
    return 2 * int(np.unique(times, return_counts=True)[1].max()) <= len(times)


def _blocks_of_time(times: NDArray[Any], n_blocks: int) -> NDArray[np.int64]:
    """Return the block of each row, 0 the oldest; rows of one moment stay together."""
    places = (np.arange(1, n_blocks) * len(times)) // n_blocks
    starts = np.sort(times, kind="stable")[places]
    return np.searchsorted(np.unique(starts), times, side="right").astype(np.int64)


def _deal_groups(groups: NDArray[Any], n_folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row: from the largest group down, there and back over the folds."""
    codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)[1:]
    order = generator(seed, "inner folds").permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    turns = np.concatenate([np.arange(n_folds), np.arange(n_folds)[::-1]])
    fold_of = np.empty(len(sizes), dtype=np.int64)
    fold_of[order] = np.resize(turns, len(sizes))
    return np.asarray(fold_of[codes.reshape(-1)])

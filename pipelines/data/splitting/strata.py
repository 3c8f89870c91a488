"""Assign rows or groups to parts that each resemble the whole (stratification)."""

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset

TARGET_BINS = 20
"""Most strata of a numeric target, each a run of neighbouring ranks."""


def strata(dataset: Dataset) -> NDArray[np.int64]:
    """Return the stratum of each row, 0..S-1, shape (n_rows,): its class or a bin of ranks."""
    if dataset.problem.is_classification:
        return np.unique(dataset.y, return_inverse=True)[1].reshape(-1).astype(np.int64)
    n_rows = len(dataset)
    rank = np.empty(n_rows, dtype=np.int64)
    rank[np.argsort(dataset.y, kind="stable")] = np.arange(n_rows)
    n_bins = max(1, min(TARGET_BINS, n_rows // 10))
    return rank * n_bins // n_rows


def assign_rows(
    labels: NDArray[np.int64], n_parts: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Assign rows to parts: sizes differ by one at most, and so do the counts of each stratum.

    Parameters
    ----------
    labels : array, shape (n_rows,)
        Stratum of each row.
    n_parts : int
        Number of parts.
    rng : Generator
        Shuffles within strata.

    Returns
    -------
    array of int64, shape (n_rows,)
        Part of each row, 0..n_parts-1.
    """
    order = rng.permutation(len(labels))
    # Strata lie one after the other, shuffled within; dealing goes round and round.
    order = order[np.argsort(labels[order], kind="stable")]
    part = np.empty(len(labels), dtype=np.int64)
    part[order] = np.arange(len(labels)) % n_parts
    return part


def assign_groups(
    groups: NDArray[np.int64],
    labels: NDArray[np.int64],
    n_parts: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Assign whole groups to parts of about equal size and mix of strata.

    Greedy: from the largest group down, each goes where the squared excess over the wanted count of
    every stratum grows least.

    Parameters
    ----------
    groups : array, shape (n_rows,)
        Group of each row.
    labels : array, shape (n_rows,)
        Stratum of each row.
    n_parts : int
        Number of parts, at most the number of groups.
    rng : Generator
        Breaks ties between groups of equal size.

    Returns
    -------
    array of int64, shape (n_rows,)
        Part of each row; every part has a group.
    """
    codes = np.unique(groups, return_inverse=True)[1].reshape(-1)
    n_groups = int(codes.max()) + 1
    common = _common_strata(labels)
    counts = np.zeros((n_groups, int(common.max()) + 1))
    np.add.at(counts, (codes, common), 1.0)
    # Size counts as a stratum of its own; each is measured in shares of its total.
    counts = np.column_stack([counts, counts.sum(axis=1)])
    counts /= counts.sum(axis=0)
    order = rng.permutation(n_groups)
    order = order[np.argsort(-counts[order, -1], kind="stable")]
    load = np.zeros((n_parts, counts.shape[1]))
    part_of = np.empty(n_groups, dtype=np.int64)
    for position, group in enumerate(order):
        left = n_groups - position
        empty = np.flatnonzero(load[:, -1] == 0)
        open_parts = empty if left <= len(empty) else np.arange(n_parts)
        growth = ((2 * load[open_parts] + counts[group]) * counts[group]).sum(axis=1)
        part = open_parts[int(np.argmin(growth))]
        load[part] += counts[group]
        part_of[group] = part
    return part_of[codes]


def _common_strata(labels: NDArray[np.int64], most: int = 30) -> NDArray[np.int64]:
    """Return the strata with all but the most frequent ones merged into one."""
    counts = np.bincount(labels)
    if len(counts) <= most:
        return labels
    frequent = np.argsort(-counts, kind="stable")[: most - 1]
    code = np.full(len(counts), most - 1, dtype=np.int64)
    code[frequent] = np.arange(most - 1)
    return code[labels]

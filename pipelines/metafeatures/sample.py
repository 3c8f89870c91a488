"""A numeric sample of a dataset, of bounded size, for computing meta-features."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset
from espalier.pipelines.data.parsing.roles import ColumnRole
from espalier.pipelines.seeds import generator

ROWS_PER_SECOND = 2_500
COLUMNS_PER_SECOND = 100
"""Sample size per second allowed: sizes bound the time, not a clock."""
ROW_BOUNDS = (200, 10_000)
COLUMN_BOUNDS = (20, 400)
TOP_DIRECTIONS, ROWS_OF_DIRECTIONS = 16, 300
"""Principal components of a column of vectors, and rows that they are learned from."""
TOP_LEVELS = 8
"""Levels of a categorical column that get a column of their own for the landmarks."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a dataset's rows and columns, also as numbers.

    Attributes
    ----------
    dataset : Dataset
        The sampled rows and columns.
    numbers : array of float64, shape (n_rows, n_columns)
        Numeric and date columns as they are (NaN where missing), categories as ranks by falling
        frequency, text as its length.
    is_number : array of bool, shape (n_columns,)
        Which columns are numeric.
    directions : mapping of int to array, shape (n_rows, TOP_DIRECTIONS)
        The leading principal components of each column of vectors, by its position.
    """

    dataset: Dataset
    numbers: NDArray[np.float64]
    is_number: NDArray[np.bool_]
    directions: Mapping[int, NDArray[np.float64]] = field(default_factory=dict)

    def dense(self) -> NDArray[np.float64]:
        """Return a complete, standardised matrix, shape (n_rows, n_features).

        Missing cells take the column's median; the most frequent categories get a column each.
        """
        parts: list[NDArray[np.float64]] = []
        for position, role in enumerate(self.dataset.roles.values()):
            column = self.numbers[:, position]
            if role.is_vector:
                parts.extend(self.directions[position].T)
            elif role is ColumnRole.CATEGORICAL:
                n_levels = int(column.max()) + 1
                parts.extend((column == level) * 1.0 for level in range(min(n_levels, TOP_LEVELS)))
            else:
                parts.append(column)
        matrix = np.column_stack(parts)
        missing = np.isnan(matrix)
        if missing.any():
            medians = np.array([_median(matrix[:, at]) for at in range(matrix.shape[1])])
            matrix = np.where(missing, medians, matrix)
        # Far values are pulled in, so that squares cannot overflow.
        low, high = np.quantile(matrix, [0.001, 0.999], axis=0)
        matrix = np.clip(matrix, low, high)
        matrix = matrix / np.maximum(np.abs(matrix).max(axis=0), 1e-300)
        spread = matrix.std(axis=0)
        return (matrix - matrix.mean(axis=0)) / np.where(spread > 1e-12, spread, 1.0)


def draw_sample(dataset: Dataset, *, seed: int, seconds: float) -> Sample:
    """Draw a sample of rows and columns whose size fits the time allowed.

    Parameters
    ----------
    dataset : Dataset
        All rows.
    seed : int
        The run's seed.
    seconds : float
        Time allowed for the whole profile.
    """
    rng = generator(seed, "profile", "sample")
    n_rows = int(np.clip(ROWS_PER_SECOND * seconds, *ROW_BOUNDS))
    n_columns = int(np.clip(COLUMNS_PER_SECOND * seconds, *COLUMN_BOUNDS))
    names = list(dataset.roles)
    if len(names) > n_columns:
        chosen = np.sort(rng.permutation(len(names))[:n_columns])
        dataset = dataset.with_columns([names[at] for at in chosen])
    if len(dataset) > n_rows:
        dataset = dataset.take(np.sort(rng.permutation(len(dataset))[:n_rows]))
    columns = [_numbers(dataset.X[name].to_numpy(), role) for name, role in dataset.roles.items()]
    return Sample(
        dataset,
        np.column_stack(columns) if columns else np.empty((len(dataset), 0)),
        np.array([role is ColumnRole.NUMERIC for role in dataset.roles.values()], dtype=bool),
        {
            at: _directions(dataset.X[name].to_numpy())
            for at, (name, role) in enumerate(dataset.roles.items())
            if role.is_vector
        },
    )


def _numbers(cells: NDArray[Any], role: ColumnRole) -> NDArray[np.float64]:
    """Return a column as numbers, shape (n_rows,)."""
    if role is ColumnRole.NUMERIC:
        return cells.astype(np.float64)
    if role.is_date:
        return np.where(np.isnat(cells), np.nan, cells.astype(np.int64) / 1e9)
    if role is ColumnRole.TEXT:
        return np.array([len(cell) if isinstance(cell, str) else 0 for cell in cells], dtype=float)
    if role.is_vector:
        return np.array([_length(each) for each in cells])
    codes = pd.factorize(cells, use_na_sentinel=False)[0]
    rank = np.empty(int(codes.max()) + 1 if len(codes) else 0)
    rank[np.argsort(-np.bincount(codes), kind="stable")] = np.arange(len(rank))
    return rank[codes]


def _length(cell: Any) -> float:
    """Return the Euclidean length of a vector; NaN where it is missing."""
    if not isinstance(cell, np.ndarray):
        return float("nan")
    return float(np.linalg.norm(cell.astype(np.float32)))


def _directions(cells: NDArray[Any]) -> NDArray[np.float64]:
    """Return the leading principal components of vectors, 0 where a row has none."""
    known = np.array([isinstance(each, np.ndarray) for each in cells], dtype=bool)
    found = np.zeros((len(cells), TOP_DIRECTIONS))
    if known.sum() < 3:
        return found
    vectors = np.stack(list(cells[known])).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    # The directions of some rows are near enough to those of all, and found in a moment.
    _, _, axes = np.linalg.svd(
        vectors[:: max(1, len(vectors) // ROWS_OF_DIRECTIONS)], full_matrices=False
    )
    axes = axes[:TOP_DIRECTIONS]
    found[np.ix_(known, np.arange(len(axes)))] = vectors @ axes.T
    return found


def _median(column: NDArray[np.float64]) -> float:
    """Return the median of the present cells; 0 if there are none."""
    present = column[~np.isnan(column)]
    return float(np.median(present)) if len(present) else 0.0

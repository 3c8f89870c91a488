"""How well a single column predicts the target, measured on rows not used to fit."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from espalier.pipelines.data.dataset import Dataset

MOST_BINS = 64
"""Most bins of a numeric column; with 64, a copy of a numeric target has an R squared of 0.999."""
ROWS_PER_BIN = 10
"""Rows of the sample per bin: small samples get fewer bins."""


def skill(dataset: Dataset, column: str, half: NDArray[np.bool_]) -> float:
    """Return how well one column alone predicts the target: 1 is perfect, 0 like a constant.

    Each value of the column (or bin of values) predicts the majority class or the mean that it has
    in one half of the rows; the other half is scored. For classes the skill is the share of a
    constant's errors that are avoided (Goodman and Kruskal's lambda, 1954), for numbers R squared.

    Parameters
    ----------
    dataset : Dataset
        A sample of rows.
    column : str
        A feature.
    half : array of bool, shape (n_rows,)
        Rows to learn from; the others are predicted.

    Returns
    -------
    float
        At most 1; may be negative.
    """
    most = min(MOST_BINS, max(2, len(dataset) // ROWS_PER_BIN))
    bins = to_bins(dataset.X[column].to_numpy(), most)
    n_bins = int(bins.max()) + 1
    if n_bins > 0.2 * len(dataset):
        return 0.0  # values that hardly repeat cannot be looked up
    y = dataset.y
    if dataset.problem.is_classification:
        counts = np.zeros((n_bins, dataset.n_classes))
        np.add.at(counts, (bins[half], y[half]), 1.0)
        guess = np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), counts.sum(axis=0).argmax())
        wrong = float((guess[bins[~half]] != y[~half]).sum())
        constant = float((y[~half] != counts.sum(axis=0).argmax()).sum())
    else:
        scale = max(float(np.abs(y).max()), np.finfo(float).tiny)  # squares must not overflow
        sums = np.bincount(bins[half], weights=y[half], minlength=n_bins)
        sizes = np.bincount(bins[half], minlength=n_bins)
        mean = float(y[half].mean())
        guesses = np.where(sizes > 0, sums / np.maximum(sizes, 1), mean)
        wrong = float((((guesses[bins[~half]] - y[~half]) / scale) ** 2).sum())
        constant = float((((y[~half] - mean) / scale) ** 2).sum())
    return 1.0 - wrong / constant if constant > 0 else 0.0


def to_bins(cells: NDArray[Any], most: int = MOST_BINS) -> NDArray[np.int64]:
    """Return a code per row, 0..B-1, shape (n_rows,); missing cells share one code.

    Numbers and dates of more than ``most`` values are cut at their quantiles.
    """
    codes, uniques = pd.factorize(cells, use_na_sentinel=False)
    if cells.dtype.kind not in "fM" or len(uniques) <= most:
        return codes.astype(np.int64)
    numbers = cells.astype("datetime64[ns]").view(np.int64) if cells.dtype.kind == "M" else cells
    missing = np.asarray(pd.isna(cells))
    present = np.sort(numbers[~missing])
    edges = np.unique(present[np.arange(1, most) * len(present) // most])
    bins = np.searchsorted(edges, numbers, side="right").astype(np.int64)
    bins[missing] = len(edges) + 1
    return np.unique(bins, return_inverse=True)[1].reshape(-1).astype(np.int64)

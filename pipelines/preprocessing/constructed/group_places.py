"""Where a number stands within the rows of its category: over their mean, and its percentile."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

# Categories of fewer numbers than this are judged by all rows.
_FEWEST = 10
# Steps of a percentile.
_STEPS = 16
_MOST_LEVELS = 500
_LARGEST = 1e6


class GroupPlaces(TransformerMixin, BaseEstimator):
    """Two columns a pair of category and number: ratio to the group's mean, percentile within it.

    No target is used. A category never seen, a rare one, or one beyond the 500 most frequent is
    judged by the numbers of all rows.

    Parameters
    ----------
    pairs : sequence of (int, int)
        Position of the column of codes, and of the column of numbers.
    """

    def __init__(self, pairs: tuple[tuple[int, int], ...] = ()) -> None:
        self.pairs = pairs

    def fit(self, codes: NDArray[Any], numbers: NDArray[Any]) -> "GroupPlaces":
        """Learn from codes (n_rows, n_categories), none negative, and numbers with NaN."""
        self.levels_: list[NDArray[np.int64]] = []
        self.means_: list[NDArray[np.float64]] = []
        self.steps_: list[NDArray[np.float64]] = []
        for category, number in self.pairs:
            there = np.isfinite(numbers[:, number])
            levels, means, steps = _learned(codes[there, category], numbers[there, number])
            self.levels_.append(levels)
            self.means_.append(means)
            self.steps_.append(steps)
        return self

    def transform(self, codes: NDArray[Any], numbers: NDArray[Any]) -> NDArray[np.float64]:
        """Return shape (n_rows, 2 * n_pairs): all ratios, then all percentiles; NaN for missing."""
        n_pairs = len(self.pairs)
        found = np.full((len(codes), 2 * n_pairs), np.nan)
        for place, (category, number) in enumerate(self.pairs):
            levels, values = self.levels_[place], numbers[:, number]
            row = np.searchsorted(levels, codes[:, category])
            known = (
                levels[np.minimum(row, len(levels) - 1)] == codes[:, category]
                if len(levels)
                else np.zeros(len(codes), dtype=bool)
            )
            row = np.where(known, row, len(levels))  # the last row is that of all
            mean = self.means_[place][row]
            with np.errstate(all="ignore"):
                ratio = np.where(mean == 0, np.nan, values / np.where(mean == 0, 1.0, mean))
            found[:, place] = np.clip(ratio, -_LARGEST, _LARGEST)
            below = (values[:, None] >= self.steps_[place][row]).mean(axis=1)
            found[:, n_pairs + place] = np.where(np.isnan(values), np.nan, below)
        return found


def _learned(
    codes: NDArray[Any], values: NDArray[Any]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the levels, sorted, and their means and steps; those of all rows come last."""
    if not len(values):
        return np.zeros(0, np.int64), np.zeros(1), np.zeros((1, _STEPS))
    values = np.clip(values, -1e30, 1e30)
    overall = float(values.mean())
    levels, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    often = np.argsort(-counts, kind="stable")[:_MOST_LEVELS]
    kept = np.sort(often[counts[often] >= _FEWEST])
    inverse = inverse.reshape(-1)
    sums = np.bincount(inverse, weights=values, minlength=len(levels))
    means = sums / counts
    order = np.lexsort((values, inverse))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    shares = (np.arange(_STEPS) + 0.5) / _STEPS
    at = starts[kept, None] + (shares * (counts[kept, None] - 1)).round().astype(np.int64)
    steps = np.vstack([values[order][at], np.quantile(values, shares)[None, :]])
    return levels[kept].astype(np.int64), np.append(means[kept], overall), steps

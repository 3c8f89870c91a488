"""Mistakes of a model on hold-out rows: confusion of classes, deviations of values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_CLASSES = 12
MOST_POINTS = 300
MOST_BINS = 24
OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionMatrix:
    """Confusion matrix: how often each class was predicted as each class.

    Attributes
    ----------
    labels : tuple of str
        The most frequent classes; the others are pooled in the last one, `OTHERS`.
    counts : tuple of tuple of int
        Number of rows by true class, then by predicted class.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def recalls(self) -> tuple[float | None, ...]:
        """Recall of each class; None for a class without rows."""
        totals = [sum(row) for row in self.counts]
        return tuple(
            row[place] / total if total else None
            for place, (row, total) in enumerate(zip(self.counts, totals, strict=True))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviations:
    """Deviations of predicted from true values.

    Attributes
    ----------
    points : tuple of (true, predicted)
        Values of at most `MOST_POINTS` rows, evenly spaced by predicted value.
    quantiles : tuple of (share, value)
        Quantiles of the absolute error.
    bias : float
        Mean of predicted minus true values.
    histogram : tuple of (low, high, rows)
        Number of rows by predicted minus true value; what is farther off than 99 % of the rows
        counts to the outer ranges.
    """

    points: tuple[tuple[float, float], ...]
    quantiles: tuple[tuple[float, float], ...]
    bias: float
    histogram: tuple[tuple[float, float, int], ...] = ()


def confusion(truth: NDArray[Any], codes: NDArray[Any], labels: NDArray[Any]) -> ConfusionMatrix:
    """Compute the confusion matrix, with rare classes pooled.

    Parameters
    ----------
    truth, codes : array of int, shape (n_rows,)
        True and predicted class codes.
    labels : array, shape (n_classes,)
        Names by code.
    """
    names = [str(label) for label in labels]
    if len(names) > MOST_CLASSES:
        counts = np.bincount(truth, minlength=len(names))
        kept = np.sort(np.argsort(-counts, kind="stable")[: MOST_CLASSES - 1])
        place = np.full(len(names), len(kept))
        place[kept] = np.arange(len(kept))
        names = [names[code] for code in kept] + [OTHERS]
        truth, codes = place[truth], place[codes]
    matrix = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(matrix, (truth, codes), 1)
    return ConfusionMatrix(labels=tuple(names), counts=tuple(tuple(row) for row in matrix.tolist()))


def deviations(truth: NDArray[Any], values: NDArray[Any]) -> Deviations:
    """Compute the deviations of predicted from true values.

    Parameters
    ----------
    truth, values : array of float, shape (n_rows,)
        True and predicted values, at least one.
    """
    order = np.argsort(values, kind="stable")
    drawn = order[np.unique(np.linspace(0, len(order) - 1, MOST_POINTS).round().astype(int))]
    off = np.abs(values - truth)
    return Deviations(
        points=tuple(zip(truth[drawn].tolist(), values[drawn].tolist(), strict=True)),
        quantiles=tuple(
            (share, float(np.quantile(off, share))) for share in (0.25, 0.5, 0.75, 0.9, 0.99)
        ),
        bias=float(np.mean(values - truth)),
        histogram=_histogram(np.asarray(values - truth, dtype=np.float64)),
    )


def _histogram(off: NDArray[np.float64]) -> tuple[tuple[float, float, int], ...]:
    low, high = np.quantile(off, [0.005, 0.995])
    if np.isclose(low, high):  # only rounding tells them apart
        return ()
    n_bins = int(np.clip(np.sqrt(len(off)), 5, MOST_BINS))
    counts, edges = np.histogram(np.clip(off, low, high), bins=n_bins)
    return tuple(
        (float(edges[place]), float(edges[place + 1]), int(count))
        for place, count in enumerate(counts)
    )

"""What a model gets wrong on held-out rows: which classes it mixes up, how far values are off."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_CLASSES = 12
MOST_POINTS = 300
OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionMatrix:
    """How often each class was taken for which.

    Attributes
    ----------
    labels : tuple of str
        The most frequent classes; the rest are the last one, `OTHERS`.
    counts : tuple of tuple of int
        Rows by true class, then by predicted class.
    """

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def recalls(self) -> tuple[float | None, ...]:
        """Share of each class's rows that was recognised; None for a class without rows."""
        totals = [sum(row) for row in self.counts]
        return tuple(
            row[place] / total if total else None
            for place, (row, total) in enumerate(zip(self.counts, totals, strict=True))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviations:
    """How far predicted values are from the true ones.

    Attributes
    ----------
    points : tuple of (true, predicted)
        Of rows drawn evenly along the predicted value, `MOST_POINTS` at most.
    quantiles : tuple of (share, value)
        Of the absolute error.
    bias : float
        Mean of predicted less true.
    """

    points: tuple[tuple[float, float], ...]
    quantiles: tuple[tuple[float, float], ...]
    bias: float


def confusion(truth: NDArray[Any], codes: NDArray[Any], labels: NDArray[Any]) -> ConfusionMatrix:
    """Return the confusion matrix, with the rare classes taken together.

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
    """Return how far values are off.

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
    )

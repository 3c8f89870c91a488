"""Functions that compute the metrics from codes or values, predictions and weights.

All are module-level functions, so that a metric can be pickled. All handle what occurs in folds:
classes without validation rows, probabilities of exactly 0 or 1, a single class.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

Array = NDArray[Any]

# Probabilities are float32, so smaller differences carry no meaning.
PROBABILITY_FLOOR = float(np.finfo(np.float32).eps)


def on_pairs(y: Array, p: Array, weight: Array | None, score: Callable[..., Any]) -> float:
    """Compute a scikit-learn ``score`` of true and predicted labels or values."""
    return float(score(y, p, sample_weight=weight))


def on_labels(
    y: Array, p: Array, weight: Array | None, score: Callable[..., Any], average: str
) -> float:
    """Compute a precision-like ``score``; ``binary`` considers class code 1 only."""
    if average == "binary":
        return float(
            score(
                y == 1,
                p == 1,
                sample_weight=weight,
                labels=[True],
                average="macro",
                zero_division=0,
            )
        )
    return float(score(y, p, sample_weight=weight, average=average, zero_division=0))


def matthews(y: Array, p: Array, weight: Array | None) -> float:
    """Return Matthews' correlation; 0 where it is undefined."""
    return _finite_or(sk.matthews_corrcoef(y, p, sample_weight=weight), 0.0)


def kappa(y: Array, p: Array, weight: Array | None) -> float:
    """Return Cohen's kappa; 0 where it is undefined (one class on both sides)."""
    if len(np.union1d(y, p)) < 2:
        return 0.0
    return _finite_or(sk.cohen_kappa_score(y, p, sample_weight=weight), 0.0)


def likelihood_ratio(y: Array, p: Array, weight: Array | None, which: int) -> float:
    """Return the positive (0) or negative (1) likelihood ratio of class code 1.

    Both are made finite by adding half a row to each cell (Haldane and Anscombe).
    """
    w = np.ones(len(y)) if weight is None else weight
    cell = [w[(y == truth) & (p == said)].sum() + 0.5 for truth in (1, 0) for said in (1, 0)]
    tp, fn, fp, tn = cell
    pairs = ((tp / (tp + fn), fp / (fp + tn)), (fn / (tp + fn), tn / (fp + tn)))
    top, bottom = pairs[which]
    return float(top / bottom)


def log_loss(y: Array, p: Array, weight: Array | None) -> float:
    """Return the mean negative log probability of the true class."""
    clipped = np.maximum(p, PROBABILITY_FLOOR)
    share = clipped[np.arange(len(y)), y] / clipped.sum(axis=1)
    return float(np.average(-np.log(share.astype(np.float64)), weights=weight))


def brier(y: Array, p: Array, weight: Array | None) -> float:
    """Return Brier's score: the mean squared error of the probabilities.

    Halved for two classes, where both columns carry the same error, as scikit-learn does.
    """
    error = p.astype(np.float64, copy=True)
    error[np.arange(len(y)), y] -= 1.0
    squares = (error**2).sum(axis=1) * (0.5 if p.shape[1] == 2 else 1.0)
    return float(np.average(squares, weights=weight))


def explained_loss(y: Array, p: Array, weight: Array | None, loss: Callable[..., float]) -> float:
    """Return 1 - loss / loss of predicting the class shares of ``y`` themselves."""
    shares = np.bincount(y, weights=weight, minlength=p.shape[1])
    constant = np.broadcast_to(shares / shares.sum(), p.shape)
    reference = loss(y, constant, weight)
    return float(1.0 - loss(y, p, weight) / reference) if reference > 1e-6 else 0.0


def roc_auc(y: Array, p: Array, weight: Array | None, average: str = "macro") -> float:
    """Return the area under the ROC curve; one class against the rest where there are many.

    Classes without both positive and negative rows are left out; 0.5 when none is left.
    """
    return _over_classes(y, p, weight, average, sk.roc_auc_score, empty=0.5)


def average_precision(y: Array, p: Array, weight: Array | None) -> float:
    """Return the area under the precision-recall curve, averaged over the classes in ``y``."""
    return _over_classes(y, p, weight, "macro", sk.average_precision_score, empty=0.0)


def _over_classes(
    y: Array,
    p: Array,
    weight: Array | None,
    average: str,
    score: Callable[..., Any],
    *,
    empty: float,
) -> float:
    """Average a two-class ``score`` over the classes that have rows on both sides."""
    w = np.ones(len(y)) if weight is None else weight
    total = w.sum()
    scores, sizes = [], []
    for code in [1] if p.shape[1] == 2 else np.unique(y):
        positive = y == code
        mass = w[positive].sum()
        if 0 < mass < total:
            scores.append(float(score(positive, p[:, code], sample_weight=weight)))
            sizes.append(float(mass))
    if not scores:
        return empty
    return float(np.average(scores, weights=sizes if average == "weighted" else None))


def roc_auc_ovo(y: Array, p: Array, weight: Array | None, average: str = "macro") -> float:
    """Return the area under the ROC curve averaged over pairs of classes (Hand and Till, 2001).

    Pairs with a class that has no weight are left out; 0.5 when none is left.
    """
    if not np.isfinite(p).all():
        raise ValueError("probabilities are not finite")
    codes, y = np.unique(y, return_inverse=True)
    w = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    masses = np.bincount(y, weights=w, minlength=len(codes))
    # Row a: the area of class a's own column against each other class.
    areas = np.stack([_wins(p[:, code], y, w, a, masses) for a, code in enumerate(codes)])
    first, second = np.triu_indices(len(codes), k=1)
    there = (masses[first] > 0) & (masses[second] > 0)
    first, second = first[there], second[there]
    if not len(first):
        return 0.5
    scores = (areas[first, second] + areas[second, first]) / 2
    sizes = masses[first] + masses[second]
    return float(np.average(scores, weights=sizes if average == "weighted" else None))


def _wins(scores: Array, y: Array, weight: Array, own: int, masses: Array) -> Array:
    """Return how often a row of class ``own`` has the higher score, by the other row's class.

    Ties count half; shape (n_classes,), zero where a class has no weight.
    """
    mine = y == own
    order = np.argsort(scores[mine], kind="stable")
    ordered = scores[mine][order]
    below = np.append(0.0, np.cumsum(weight[mine][order]))
    lost = below[np.searchsorted(ordered, scores, side="left")]
    tied = below[np.searchsorted(ordered, scores, side="right")] - lost
    won = below[-1] - lost - tied + tied / 2
    sums = np.bincount(y, weights=weight * won, minlength=len(masses))
    pairs = masses * masses[own]
    return np.asarray(np.divide(sums, pairs, out=np.zeros(len(masses)), where=pairs > 0))


def top_k_accuracy(y: Array, p: Array, weight: Array | None, k: int) -> float:
    """Return how often the true class is among the ``k`` most probable."""
    own = p[np.arange(len(y)), y][:, None]
    # A tie counts half a rank, so that a constant prediction is not always right.
    rank = (p > own).sum(axis=1) + ((p == own).sum(axis=1) - 1) / 2
    return float(np.average(rank < k, weights=weight))


def rmsle(y: Array, p: Array, weight: Array | None) -> float:
    """Return the root mean squared error of log(1 + value); predictions below 0 count as 0."""
    return float(np.sqrt(msle(y, p, weight)))


def msle(y: Array, p: Array, weight: Array | None) -> float:
    """Return the mean squared error of log(1 + value); predictions below 0 count as 0."""
    error = np.log1p(np.maximum(p, 0)) - np.log1p(y)
    return float(np.average(error**2, weights=weight))


def deviance(y: Array, p: Array, weight: Array | None, score: Callable[..., Any]) -> float:
    """Return a Poisson or gamma deviance; predictions are kept above a millionth of the mean."""
    floor = max(float(np.average(y, weights=weight)), np.finfo(np.float64).tiny) * 1e-6
    return float(score(y, np.maximum(p, floor), sample_weight=weight))


def smape(y: Array, p: Array, weight: Array | None) -> float:
    """Return the symmetric mean absolute percentage error, from 0 to 2; 0 / 0 counts as 0."""
    size = (np.abs(y) + np.abs(p)) / 2
    error = np.divide(np.abs(y - p), size, out=np.zeros_like(size), where=size > 0)
    return float(np.average(error, weights=weight))


def pinball(y: Array, p: Array, weight: Array | None, alpha: float) -> float:
    """Return the pinball loss of predicting the quantile ``alpha``."""
    return float(sk.mean_pinball_loss(y, p, sample_weight=weight, alpha=alpha))


def max_error(y: Array, p: Array, weight: Array | None) -> float:
    """Return the largest absolute error among rows with weight."""
    rows = slice(None) if weight is None else weight > 0
    return float(np.abs(y[rows] - p[rows]).max(initial=0.0))


def explained(y: Array, p: Array, weight: Array | None, score: Callable[..., Any]) -> float:
    """Return an R2-like ``score``; 0 for fewer than two rows, where it is undefined."""
    return float(score(y, p, sample_weight=weight)) if len(y) > 1 else 0.0


def _finite_or(value: Any, fallback: float) -> float:
    """Return ``value`` as a float, or ``fallback`` when it is not finite."""
    number = float(value)
    return number if np.isfinite(number) else fallback

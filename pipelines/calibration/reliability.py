"""Measure how reliable probabilities are: reliability curve, calibration error, Brier score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.ensemble.combination import Floats

BINS = 15
# A bin of fewer rows than this is dominated by chance.
FEWEST_IN_A_BIN = 20
# Keeps the log loss finite if a row has probability 0.
SMALLEST_PROBABILITY = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityBin:
    """One bin of the reliability curve: rows of about the same predicted probability.

    Attributes
    ----------
    predicted : float
        Mean predicted probability.
    observed : float
        Share of the rows that are of the predicted class.
    n_rows : int
        Number of rows.
    """

    predicted: float
    observed: float
    n_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """The reliability of probabilities on rows that their model was not fitted to.

    Attributes
    ----------
    log_loss, brier : float
        Proper scores; smaller is better. Brier is the sum over classes, halved for two.
    calibration_error : float
        Mean absolute difference of predicted and observed over the bins, weighted by rows.
    curve : tuple of ReliabilityBin
        Bins by increasing prediction: of class 1 if there are two classes, else of the likeliest.
    n_rows : int
        Number of rows it was measured on.
    """

    log_loss: float
    brier: float
    calibration_error: float
    curve: tuple[ReliabilityBin, ...]
    n_rows: int


def measure_reliability(
    probabilities: Floats, y: NDArray[Any], sample_weight: NDArray[Any] | None = None
) -> Reliability:
    """Measure the reliability of probabilities.

    The expected calibration error is the one of Guo, Pleiss, Sun, Weinberger 2017, "On calibration
    of modern neural networks", over bins of equally many rows (Nguyen, O'Connor 2015, "Posterior
    calibration and exploratory analysis for natural language processing models").

    Parameters
    ----------
    probabilities : array, shape (n, K)
        Rows sum to 1.
    y : array of int, shape (n,)
        Class codes.
    sample_weight : array or None, shape (n,)
        Non-negative weights.
    """
    n_rows, n_classes = probabilities.shape
    weight = row_weights(sample_weight, n_rows)
    truth = np.zeros_like(probabilities, dtype=np.float64)
    truth[np.arange(n_rows), y] = 1.0
    squares = ((probabilities - truth) ** 2).sum(axis=1)
    if n_classes == 2:
        predicted, observed = probabilities[:, 1], truth[:, 1]
    else:
        likeliest = probabilities.argmax(axis=1)
        predicted = probabilities[np.arange(n_rows), likeliest]
        observed = (likeliest == y).astype(np.float64)
    order = np.argsort(predicted, kind="stable")
    n_bins = int(np.clip(n_rows // FEWEST_IN_A_BIN, 1, BINS))
    curve, error = [], 0.0
    for rows in np.array_split(order, n_bins):
        mass = float(weight[rows].sum())
        if not mass > 0:
            continue
        mean = float(weight[rows] @ predicted[rows]) / mass
        share = float(weight[rows] @ observed[rows]) / mass
        error += mass * abs(mean - share)
        curve.append(ReliabilityBin(predicted=mean, observed=share, n_rows=len(rows)))
    return Reliability(
        log_loss=float(weight @ row_log_losses(probabilities, y)),
        brier=float(weight @ squares) / (2.0 if n_classes == 2 else 1.0),
        calibration_error=error,
        curve=tuple(curve),
        n_rows=n_rows,
    )


def row_log_losses(probabilities: Floats, y: NDArray[Any]) -> Floats:
    """Return the log loss of each row, shape (n,)."""
    true = probabilities[np.arange(len(y)), y]
    return np.asarray(-np.log(np.maximum(true, SMALLEST_PROBABILITY)))


def row_weights(sample_weight: NDArray[Any] | None, n_rows: int) -> Floats:
    """Return weights that sum to 1, shape (n_rows,); equal weights if none are given."""
    if sample_weight is None or not np.sum(sample_weight) > 0:
        return np.full(n_rows, 1.0 / n_rows)
    weight = np.asarray(sample_weight, dtype=np.float64)
    return weight / weight.sum()

"""Fit calibrators by the log loss, with a weak penalty towards the identity."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.isotonic import isotonic_regression

from espalier.pipelines.calibration.calibrators import (
    BetaCalibrator,
    Calibrator,
    IsotonicCalibrator,
    TemperatureCalibrator,
    logarithms,
)
from espalier.pipelines.ensemble.combination import Floats
from espalier.pipelines.ensemble.losses import LogLoss

# Slopes outside these bounds would make the probabilities nearly constant, or nearly 0 and 1.
SLOPES = (0.05, 20.0)
MAX_ITERATIONS = 50
# Isotonic regression needs so many rows of the rarer class (Niculescu-Mizil, Caruana 2005,
# "Predicting good probabilities with supervised learning", find it behind Platt's below 1,000).
FEWEST_FOR_ISOTONIC = 300

Fit = Callable[[Floats, NDArray[Any], Floats], Calibrator]


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationMethod:
    """A calibration method.

    Attributes
    ----------
    name : str
        Name in reports.
    fit : callable (probabilities (n, K), y (n,), weight (n,)) -> Calibrator
        Fits a calibrator; weights sum to 1.
    """

    name: str
    fit: Fit


def calibration_methods(y: NDArray[Any], n_classes: int) -> tuple[CalibrationMethod, ...]:
    """Return the methods for which there are enough rows, the simplest first."""
    counts = np.bincount(y, minlength=n_classes)
    if n_classes > 2:
        shifted = CalibrationMethod(name="shifted temperature", fit=_shifted_temperature)
        return (CalibrationMethod(name="temperature", fit=_temperature), shifted)
    two = (CalibrationMethod(name="platt", fit=_platt), CalibrationMethod(name="beta", fit=_beta))
    if counts.min() < FEWEST_FOR_ISOTONIC:
        return two
    return (*two, CalibrationMethod(name="isotonic", fit=_isotonic))


def _platt(probabilities: Floats, y: NDArray[Any], weight: Floats) -> Calibrator:
    logs = logarithms(probabilities)
    features = (logs[:, 1] - logs[:, 0])[:, None]
    slope, shift = _logistic(features, y, weight)
    return BetaCalibrator(slope, slope, shift)


def _beta(probabilities: Floats, y: NDArray[Any], weight: Floats) -> Calibrator:
    logs = logarithms(probabilities)
    a, b, shift = _logistic(np.column_stack([logs[:, 1], -logs[:, 0]]), y, weight)
    return BetaCalibrator(a, b, shift)


def _logistic(features: Floats, y: NDArray[Any], weight: Floats) -> list[float]:
    """Return slopes and shift of a logistic regression, started from slopes 1 and shift 0."""
    loss = LogLoss(y, weight, 2)
    n_slopes = features.shape[1]
    design = np.column_stack([features, np.ones(len(y))])
    nothing = np.append(np.ones(n_slopes), 0.0)

    def objective(vector: Floats) -> tuple[float, Floats]:
        F = (design @ vector)[:, None]
        pull = (vector - nothing) / len(y)
        here = loss.at(F)
        value = here.value + 0.5 * float(pull @ (vector - nothing))
        return value, pull - design.T @ here.residual()[:, 0]

    return _minimum(objective, nothing, n_slopes)


def _temperature(probabilities: Floats, y: NDArray[Any], weight: Floats) -> Calibrator:
    return TemperatureCalibrator(_scaling(probabilities, y, weight, shifted=False)[0])


def _shifted_temperature(probabilities: Floats, y: NDArray[Any], weight: Floats) -> Calibrator:
    factor, *shifts = _scaling(probabilities, y, weight, shifted=True)
    return TemperatureCalibrator(factor, tuple(shifts))


def _scaling(
    probabilities: Floats, y: NDArray[Any], weight: Floats, *, shifted: bool
) -> list[float]:
    n_classes = probabilities.shape[1]
    logs = logarithms(probabilities)
    loss = LogLoss(y, weight, n_classes)
    nothing = np.append(1.0, np.zeros(n_classes if shifted else 0))

    def objective(vector: Floats) -> tuple[float, Floats]:
        F = vector[0] * logs + (vector[1:] if shifted else 0.0)
        pull = (vector - nothing) / len(y)
        here = loss.at(F)
        residual = here.residual()
        value = here.value + 0.5 * float(pull @ (vector - nothing))
        slopes = [float(np.vdot(residual, logs))]
        return value, pull - np.append(slopes, residual.sum(axis=0) if shifted else [])

    return _minimum(objective, nothing, 1)


def _minimum(
    objective: Callable[[Floats], tuple[float, Floats]], start: Floats, n_slopes: int
) -> list[float]:
    solution = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[SLOPES] * n_slopes + [(None, None)] * (len(start) - n_slopes),
        options={"maxiter": MAX_ITERATIONS},
    )
    return [float(value) for value in solution.x]


def _isotonic(probabilities: Floats, y: NDArray[Any], weight: Floats) -> Calibrator:
    # Rows of equal probability are merged into one point; otherwise their order would matter.
    positive, point = np.unique(probabilities[:, 1].astype(np.float64), return_inverse=True)
    mass = np.maximum(np.bincount(point, weights=weight), 1e-12)
    shares = np.bincount(point, weights=weight * (y == 1)) / mass
    steps = np.asarray(isotonic_regression(shares, sample_weight=mass), dtype=np.float64)
    _, step = np.unique(steps, return_inverse=True)
    masses = np.bincount(step, weights=mass)
    centres = np.bincount(step, weights=mass * positive) / masses
    values = np.bincount(step, weights=mass * steps) / masses
    # Half a row is added at either end, so that no probability becomes 0 or 1.
    edge = 0.5 / (len(y) + 1.0)
    inside = (centres > 0) & (centres < 1)
    at = np.concatenate([[0.0], centres[inside], [1.0]])
    value = np.clip(np.concatenate([[0.0], values[inside], [1.0]]), edge, 1.0 - edge)
    return IsotonicCalibrator(tuple(at.tolist()), tuple(value.tolist()))

"""Fitted calibrators, which map an ensemble's probabilities to better calibrated ones.

They are part of the served model. Symbols as in `espalier.pipelines.ensemble.combination`. Every
map for two classes is increasing, so that it keeps the order of the rows.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from espalier.pipelines.ensemble.combination import Floats, from_link
from espalier.pipelines.problem import ProblemKind

# Keeps logarithms finite; smaller than any probability that rows can tell from zero.
FLOOR = 1e-6


class Calibrator(Protocol):
    """A fitted map of probabilities."""

    @property
    def name(self) -> str:
        """Name of the method."""
        ...

    def apply(self, probabilities: Floats) -> Floats:
        """Return the calibrated form of an ensemble's probabilities, shape (n, K)."""
        ...


def logarithms(probabilities: Floats) -> Floats:
    """Return log-probabilities, shape (n, K), bounded below."""
    n_classes = probabilities.shape[1]
    return np.asarray(np.log((1.0 - n_classes * FLOOR) * np.clip(probabilities, 0, 1) + FLOOR))


@dataclass(frozen=True, slots=True)
class BetaCalibrator:
    """logit = a log(p) - b log(1 - p) + c, for two classes.

    With a = b it is Platt's scaling of the logit (Platt 1999, "Probabilistic outputs for support
    vector machines"); the general one is beta calibration (Kull, Silva Filho, Flach 2017, "Beta
    calibration: a well-founded and easily implemented improvement on logistic calibration").

    Attributes
    ----------
    a, b : float
        Positive.
    c : float
        Shift in logits.
    """

    a: float
    b: float
    c: float

    @property
    def name(self) -> str:
        """``platt`` or ``beta``."""
        return "platt" if self.a == self.b else "beta"

    def apply(self, probabilities: Floats) -> Floats:
        """Return calibrated probabilities, shape (n, 2)."""
        logs = logarithms(probabilities)
        link = self.a * logs[:, 1] - self.b * logs[:, 0] + self.c
        return from_link(link[:, None], ProblemKind.BINARY)


@dataclass(frozen=True, slots=True)
class IsotonicCalibrator:
    """An increasing piecewise linear map, for two classes.

    Isotonic regression (Zadrozny, Elkan 2002, "Transforming classifier scores into accurate
    multiclass probability estimates") made strictly rising by joining the centres of its steps
    (Oron, Flournoy 2017, "Centered isotonic regression"), so that no ties arise.

    Attributes
    ----------
    at, value : tuple of float
        Knots, both rising, from 0 to 1.
    """

    at: tuple[float, ...]
    value: tuple[float, ...]

    @property
    def name(self) -> str:
        """``isotonic``."""
        return "isotonic"

    def apply(self, probabilities: Floats) -> Floats:
        """Return calibrated probabilities, shape (n, 2)."""
        positive = np.interp(probabilities[:, 1], self.at, self.value)
        return np.column_stack([1.0 - positive, positive])


@dataclass(frozen=True, slots=True)
class TemperatureCalibrator:
    """Log-probabilities times a factor, plus an optional shift for each class.

    Temperature and vector scaling with one slope (Guo, Pleiss, Sun, Weinberger 2017, "On
    calibration of modern neural networks").

    Attributes
    ----------
    factor : float
        Positive; above 1 probabilities move towards 0 and 1.
    shifts : tuple of float, length K or 0
        Added to the log-probabilities.
    """

    factor: float
    shifts: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """``temperature`` or ``shifted temperature``."""
        return "shifted temperature" if self.shifts else "temperature"

    def apply(self, probabilities: Floats) -> Floats:
        """Return calibrated probabilities, shape (n, K)."""
        link = self.factor * logarithms(probabilities)
        if self.shifts:
            link += np.asarray(self.shifts)
        return from_link(link, ProblemKind.MULTICLASS)

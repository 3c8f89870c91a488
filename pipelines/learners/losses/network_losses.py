"""Losses of a network's outputs, with their gradients.

n rows, k outputs.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.metrics.objective import unit_loss

Array = NDArray[np.float32]

# The corner of the pinball loss is rounded over this many standard deviations of the target, so
# that steps become small near the quantile.
_ROUNDED = 0.05
# Outputs are logarithms of a target of mean 1; exp of more is no sensible prediction.
LARGEST_LOG = 20.0


class OutputLoss(Protocol):
    """A loss of outputs of shape (n, k), for targets of the same shape."""

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the gradient of each row's loss, shape (n, k)."""
        ...

    def values(self, outputs: Array, target: Array) -> NDArray[Any]:
        """Return the loss of each row, shape (n,)."""
        ...

    def predictions(self, outputs: Array) -> Array:
        """Return probabilities or values, shape (n, k)."""
        ...


class CrossEntropy:
    """Cross-entropy of the softmax; targets are class shares (one-hot)."""

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the gradient of each row's loss, shape (n, k)."""
        return softmax(outputs) - target

    def values(self, outputs: Array, target: Array) -> NDArray[Any]:
        """Return the loss of each row, shape (n,)."""
        return np.asarray(-np.log(np.maximum((softmax(outputs) * target).sum(axis=1), 1e-7)))

    def predictions(self, outputs: Array) -> Array:
        """Return probabilities, shape (n, k)."""
        return softmax(outputs)


class SquaredLoss:
    """The squared error of standardised values (k = 1); the gradient is that of half of it."""

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the gradient of each row's loss, shape (n, 1)."""
        return outputs - target

    def values(self, outputs: Array, target: Array) -> NDArray[Any]:
        """Return the loss of each row, shape (n,)."""
        return np.asarray(((outputs - target) ** 2)[:, 0])

    def predictions(self, outputs: Array) -> Array:
        """Return the outputs themselves, shape (n, 1)."""
        return outputs


@dataclass(frozen=True, slots=True)
class QuantileLoss:
    """The pinball loss of standardised values (k = 1).

    Attributes
    ----------
    level : float
        The quantile, in (0, 1).
    """

    level: float

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the gradient of each row's loss, its corner rounded, shape (n, 1)."""
        side = np.clip((outputs - target) * np.float32(1 / _ROUNDED), -1, 1)
        return np.asarray(np.float32(0.5) * side + np.float32(0.5 - self.level))

    def values(self, outputs: Array, target: Array) -> NDArray[Any]:
        """Return the loss of each row, shape (n,)."""
        errors = (target - outputs)[:, 0]
        return np.asarray(np.maximum(self.level * errors, (self.level - 1) * errors))

    def predictions(self, outputs: Array) -> Array:
        """Return the outputs themselves, shape (n, 1)."""
        return outputs


@dataclass(frozen=True, slots=True)
class LogDeviance:
    """Half the deviance of exp(output) for a target of mean 1 (k = 1).

    Attributes
    ----------
    power : float
        Of the mean that the variance grows with: 1 for Poisson, 2 for gamma.
    """

    power: float

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the gradient of each row's loss, shape (n, 1)."""
        mean = self.predictions(outputs)
        return np.asarray((mean - target) * mean ** np.float32(1 - self.power))

    def values(self, outputs: Array, target: Array) -> NDArray[Any]:
        """Return the loss of each row, shape (n,)."""
        mean = self.predictions(outputs)[:, 0].astype(np.float64)
        y = target[:, 0].astype(np.float64)
        return np.asarray(unit_loss(y, mean, self.power) - unit_loss(y, y, self.power))

    def predictions(self, outputs: Array) -> Array:
        """Return positive values, shape (n, 1)."""
        return np.exp(np.clip(outputs, -LARGEST_LOG, LARGEST_LOG))


def softmax(logits: NDArray[Any]) -> NDArray[Any]:
    """Return probabilities over the last axis, which counts the classes, in the precision given."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))

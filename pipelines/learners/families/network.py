"""A small multilayer perceptron in NumPy.

Ingredients that pay on tables, after RealMLP (Holzmüller, Grinsztajn and Steinwart, *Better by
default*, 2024): a learned scale of each input, Adam with decoupled weight decay, a learning rate
that warms up and falls along a cosine, and the weights of the best epoch kept.

Symbols: n rows of a batch, d inputs of a layer, h outputs; k outputs of the network.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.learners.losses.network_losses import OutputLoss

Array = NDArray[np.float32]

_BETA_1, _EPSILON = 0.9, 1e-8


@dataclass(slots=True)
class Network:
    """Weights of a multilayer perceptron.

    Attributes
    ----------
    scale : array, shape (d,)
        Learned factor of each input.
    weights : list of array, shapes (d, h), (h, h), ..., (h, k)
    biases : list of array, shapes (h,), ..., (k,)
    """

    scale: Array
    weights: list[Array]
    biases: list[Array]

    @classmethod
    def make(
        cls, sizes: list[int], rng: np.random.Generator, *, output_bias: NDArray[Any]
    ) -> "Network":
        """Return a network of random weights (He et al. 2015) for layers of these sizes."""
        weights = [
            rng.normal(0.0, np.sqrt(2.0 / before), (before, after)).astype(np.float32)
            for before, after in pairwise(sizes)
        ]
        weights[-1] *= np.float32(0.1)  # the first outputs are then close to the average
        biases = [np.zeros(after, dtype=np.float32) for after in sizes[1:]]
        biases[-1] += output_bias.astype(np.float32)
        return cls(np.ones(sizes[0], dtype=np.float32), weights, biases)

    def parameters(self) -> list[Array]:
        """Return all arrays, in a fixed order."""
        return [self.scale, *self.weights, *self.biases]

    def bends(self, layer: int) -> bool:
        """Whether an activation comes after a layer."""
        return layer < len(self.weights) - 1

    def copy(self) -> "Network":
        """Return a network with copies of the arrays."""
        return replace(
            self,
            scale=self.scale.copy(),
            weights=[w.copy() for w in self.weights],
            biases=[b.copy() for b in self.biases],
        )

    def outputs(self, X: Array) -> Array:
        """Return logits or values, shape (n, k), for rows of shape (n, d)."""
        hidden: Array = np.asarray(X * self.scale)
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = hidden @ weight
            hidden += bias
            if self.bends(layer):
                np.maximum(hidden, 0, out=hidden)
        return hidden

    def gradients(
        self,
        X: Array,
        target: Array,
        weight: Array,
        *,
        loss: OutputLoss,
        dropout: float,
        rng: np.random.Generator,
    ) -> list[Array]:
        """Return the gradient of the mean loss for every array of `parameters`.

        Parameters
        ----------
        X : array, shape (n, d)
        target : array, shape (n, k)
            As the loss takes it.
        weight : array, shape (n, 1)
            Row weights of mean about 1.
        loss : OutputLoss
            The loss of the outputs.
        dropout : float
            Share of hidden units silenced.
        rng : Generator
            Draws the silenced units.
        """
        layers = [X * self.scale]
        for matrix, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = layers[-1] @ matrix
            hidden += bias
            np.maximum(hidden, 0, out=hidden)
            if dropout > 0:
                keep = rng.random(hidden.shape, dtype=np.float32) >= dropout
                hidden *= keep * np.float32(1.0 / (1.0 - dropout))
            layers.append(hidden)
        answers: Array = np.asarray(layers[-1] @ self.weights[-1], dtype=np.float32)
        answers += self.biases[-1]
        delta: NDArray[Any] = loss.gradient(answers, target)
        delta *= weight / np.float32(len(X))
        weight_gradients: list[Array] = []
        bias_gradients: list[Array] = []
        factor = np.float32(1.0 / (1.0 - dropout))
        for position in range(len(self.weights) - 1, -1, -1):
            weight_gradients.append(layers[position].T @ delta)
            bias_gradients.append(delta.sum(axis=0))
            delta = delta @ self.weights[position].T
            if position:
                # A unit that is silent, by its activation or by dropout, passes no gradient back.
                delta *= layers[position] > 0
                if dropout > 0:
                    delta *= factor
        scale_gradient = (delta * X).sum(axis=0)
        return [scale_gradient, *weight_gradients[::-1], *bias_gradients[::-1]]


@dataclass(slots=True)
class Adam:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), for a few whole arrays.

    `espalier.pipelines.learners.neural.parameters.AdamW` is the same method for one vector of many
    small parameters with rates of their own; its roundings differ, so neither stands for the other.

    Attributes
    ----------
    parameters : list of array
        Changed in place, in their own precision.
    decay : float
        Weight decay, on matrices (and stacks of them) only.
    beta_2 : float
        Decay rate of the mean of the squared gradients.
    """

    parameters: Sequence[NDArray[Any]]
    decay: float
    beta_2: float = 0.95
    _first: list[NDArray[Any]] = field(init=False, repr=False)
    _second: list[NDArray[Any]] = field(init=False, repr=False)
    _steps: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._first = [np.zeros_like(array) for array in self.parameters]
        self._second = [np.zeros_like(array) for array in self.parameters]

    def step(self, gradients: Sequence[NDArray[Any]], rate: float) -> None:
        """Take one step down the gradients."""
        self._steps += 1
        # Plain floats take the precision of the arrays that they are multiplied with.
        size = rate * math.sqrt(1 - self.beta_2**self._steps) / (1 - _BETA_1**self._steps)
        for array, gradient, first, second in zip(
            self.parameters, gradients, self._first, self._second, strict=True
        ):
            first *= _BETA_1
            first += (1 - _BETA_1) * gradient
            second *= self.beta_2
            second += (1 - self.beta_2) * gradient * gradient
            if array.ndim >= 2 and self.decay > 0:
                array *= 1 - rate * self.decay
            array -= size * first / (np.sqrt(second) + _EPSILON)


def rate_at(progress: float) -> float:
    """Return the share of the full learning rate at ``progress`` in [0, 1] through training."""
    warm = 0.05
    if progress < warm:
        return 0.2 + 0.8 * progress / warm
    return float(0.5 * (1 + np.cos(np.pi * (progress - warm) / (1 - warm)))) + 0.01

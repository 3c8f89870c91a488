"""All numbers of a network in one vector, and the optimiser that moves it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_BETA_1, _EPSILON = 0.9, 1e-8


@dataclass(frozen=True, slots=True)
class ArrayPlan:
    """An array of a network, and how fast it learns.

    Attributes
    ----------
    name : str
        Its key.
    shape : tuple of int
        Its shape; the first axis counts the networks.
    rate : float
        Factor on the learning rate.
    decay : float
        Factor on the weight decay (which is multiplied by the array's learning rate too).
    """

    name: str
    shape: tuple[int, ...]
    rate: float = 1.0
    decay: float = 1.0


class Parameters:
    """Arrays that are views of one vector, so that an optimiser moves all of them at once.

    Parameters
    ----------
    plans : sequence of ArrayPlan
        The arrays, in order.

    Attributes
    ----------
    vector, gradient : array, shape (n,)
        Values and their gradient, which views share.
    values, gradients : dict of str to array
        The views, by name.
    rates, decays : array, shape (n,)
        Factors of the plans, spread over the numbers.
    """

    def __init__(self, plans: Sequence[ArrayPlan]) -> None:
        sizes = [math.prod(plan.shape) for plan in plans]
        self.vector: Array = np.zeros(sum(sizes), dtype=np.float32)
        self.gradient: Array = np.zeros_like(self.vector)
        self.rates: Array = np.repeat([plan.rate for plan in plans], sizes).astype(np.float32)
        decays = np.repeat([plan.rate * plan.decay for plan in plans], sizes)
        self.decays: Array = decays.astype(np.float32)
        self.values: dict[str, Array] = {}
        self.gradients: dict[str, Array] = {}
        start = 0
        for plan, size in zip(plans, sizes, strict=True):
            self.values[plan.name] = self.vector[start : start + size].reshape(plan.shape)
            self.gradients[plan.name] = self.gradient[start : start + size].reshape(plan.shape)
            start += size


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), in place.

    Parameters
    ----------
    parameters : Parameters
        What is moved along its ``gradient``.
    beta_2 : float
        Decay rate of the mean of the squared gradients.
    """

    def __init__(self, parameters: Parameters, beta_2: float = 0.95) -> None:
        self._parameters = parameters
        self._beta_2 = beta_2
        self._first = np.zeros_like(parameters.vector)
        self._second = np.zeros_like(parameters.vector)
        self._step = np.empty_like(parameters.vector)
        self._steps = 0

    def step(self, rate: float, decay: float) -> None:
        """Take one step of learning rate ``rate`` and weight decay ``decay``."""
        self._steps += 1
        parameters, step, beta_2 = self._parameters, self._step, self._beta_2
        gradient, vector = parameters.gradient, parameters.vector
        self._first *= _BETA_1
        np.multiply(gradient, 1 - _BETA_1, out=step)
        self._first += step
        self._second *= beta_2
        np.multiply(gradient, gradient, out=step)
        step *= 1 - beta_2
        self._second += step
        np.sqrt(self._second, out=step)
        step *= 1 / math.sqrt(1 - beta_2**self._steps)
        step += _EPSILON
        np.divide(self._first, step, out=step)
        step *= rate / (1 - _BETA_1**self._steps)
        step *= parameters.rates
        vector -= step
        if decay > 0 and rate > 0:
            np.multiply(vector, parameters.decays, out=step)
            step *= rate * decay
            vector -= step

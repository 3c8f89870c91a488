"""Activation functions with their slopes."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Activation = Callable[[Array], tuple[Array, Array]]
"""Return values and slopes of an array, both of its shape."""

SELU_SCALE = np.float32(1.0507009873554805)
SELU_LEFT = np.float32(1.0507009873554805 * 1.6732632423543772)
# Beyond this an exponential is so large that mish is the identity.
MISH_FAR = np.float32(20.0)


def selu(x: Array) -> tuple[Array, Array]:
    """Return the scaled exponential linear unit (Klambauer et al. 2017) and its slope."""
    slope = np.exp(np.minimum(x, 0))
    slope *= SELU_LEFT
    value = slope - SELU_LEFT
    right = x > 0
    np.multiply(x, SELU_SCALE, out=value, where=right)
    np.copyto(slope, SELU_SCALE, where=right)
    return value, slope


def mish(x: Array) -> tuple[Array, Array]:
    """Return x tanh(log(1 + exp(x))) (Misra 2019) and its slope."""
    grown = np.exp(np.minimum(x, MISH_FAR))
    top = grown * (grown + 2)
    bottom = top + 2
    gate = top / bottom
    slope = grown + 1
    slope *= grown
    slope *= 4
    bottom *= bottom
    slope /= bottom
    slope *= x
    slope += gate
    gate *= x
    return gate, slope


ACTIVATIONS: Mapping[str, Activation] = MappingProxyType({"selu": selu, "mish": mish})

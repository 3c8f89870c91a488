"""The numbers of a network by name, as NumPy arrays: where training starts, and what it returns."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.layers import (
    Convolution,
    Dense,
    Gate,
    Network,
    Normalisation,
)

Array = NDArray[np.float32]
Weights = Mapping[str, Array]
"""By names such as ``3.weight``: the number of the step, and what it is."""

FITTED = (
    *("weight", "bias", "scale", "shift", "down", "down_bias", "up", "up_bias"),
    *("recurrent", "recurrent_bias"),
)
"""What gradients change; means and variances of batches are only tracked."""


def initial_weights(network: Network, rng: np.random.Generator) -> dict[str, Array]:
    """Return weights to start from.

    Convolutions as He et al. (2015), the last layer small, so that the first answers are alike.
    """
    made: dict[str, Array] = {}

    def normal(name: str, shape: tuple[int, ...], spread: float) -> None:
        made[name] = (spread * rng.standard_normal(shape)).astype(np.float32)

    for at, step in enumerate(network.steps):
        if isinstance(step, Convolution):
            fan_out = step.outputs * step.kernel**2 / step.groups
            shape = (step.outputs, step.inputs // step.groups, step.kernel, step.kernel)
            normal(f"{at}.weight", shape, np.sqrt(2.0 / fan_out))
        elif isinstance(step, Normalisation):
            first = 0.0 if step.starts_at_zero else 1.0
            made[f"{at}.scale"] = np.full(step.channels, first, dtype=np.float32)
            made[f"{at}.shift"] = np.zeros(step.channels, dtype=np.float32)
            if step.kind == "batch":
                made[f"{at}.mean"] = np.zeros(step.channels, dtype=np.float32)
                made[f"{at}.variance"] = np.ones(step.channels, dtype=np.float32)
        elif isinstance(step, Gate):
            normal(f"{at}.down", (step.inner, step.channels), np.sqrt(2.0 / step.channels))
            made[f"{at}.down_bias"] = np.zeros(step.inner, dtype=np.float32)
            normal(f"{at}.up", (step.channels, step.inner), np.sqrt(1.0 / step.inner))
            made[f"{at}.up_bias"] = np.zeros(step.channels, dtype=np.float32)
        elif isinstance(step, Dense):
            is_last = at == len(network.steps) - 1
            spread = 0.1 if is_last else np.sqrt(2.0)
            normal(f"{at}.weight", (step.outputs, step.inputs), spread / np.sqrt(step.inputs))
            made[f"{at}.bias"] = np.zeros(step.outputs, dtype=np.float32)
    return made


def is_fitted(name: str) -> bool:
    """Whether gradients change the weights of this name."""
    return name.partition(".")[2] in FITTED


def n_fitted(weights: Weights) -> int:
    """Return how many numbers gradients change."""
    return sum(array.size for name, array in weights.items() if is_fitted(name))

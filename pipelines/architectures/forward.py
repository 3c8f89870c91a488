"""A network's answers by PyTorch, with gradients."""

from collections.abc import Mapping
from typing import Any

from espalier.pipelines.architectures.layers import (
    GROUP_CHANNELS,
    Activation,
    Convolution,
    Dense,
    Gate,
    MeanPool,
    Network,
    Nonlinearity,
    Normalisation,
    Sum,
)

MOMENTUM = 0.1
"""Part of a new batch in the tracked means and variances, after the first ones."""
EPSILON = 1e-5

Tensors = Mapping[str, Any]


def forward(
    network: Network,
    weights: Tensors,
    pictures: Any,
    *,
    training: bool = False,
    momentum: float = MOMENTUM,
    dropout: float = 0.0,
    randomness: Any = None,
) -> Any:
    """Return a network's answers before any softmax, shape (n_rows, n_outputs).

    Parameters
    ----------
    network : Network
        Its steps.
    weights : mapping of str to Tensor
        Named as `espalier.pipelines.architectures.weights` does.
    pictures : Tensor of float32, shape (n_rows * n_pictures, 3, side, side)
        Standardised colours.
    training : bool
        Whether batches are normalised by themselves, and tracked.
    momentum : float
        Part of the new batch in the tracked means and variances.
    dropout : float
        Share of the inputs of dense layers that is silenced in training.
    randomness : torch.Generator or None
        Draws what is silenced.
    """
    import torch
    from torch.nn import functional

    values = [pictures]
    for at, step in enumerate(network.steps):
        value = values[step.source]
        if isinstance(step, Convolution):
            value = functional.conv2d(
                value,
                weights[f"{at}.weight"],
                stride=step.stride,
                padding=step.kernel // 2,
                groups=step.groups,
            )
        elif isinstance(step, Normalisation):
            value = _normalised(step, at, weights, value, momentum if training else None)
        elif isinstance(step, Activation):
            value = activate(step.kind, value)
        elif isinstance(step, Gate):
            inner = functional.linear(
                value.mean(dim=(2, 3)), weights[f"{at}.down"], weights[f"{at}.down_bias"]
            )
            shares = functional.linear(
                functional.relu(inner), weights[f"{at}.up"], weights[f"{at}.up_bias"]
            )
            value = value * torch.sigmoid(shares)[:, :, None, None]
        elif isinstance(step, Sum):
            value = value + values[step.other]
        elif isinstance(step, MeanPool):
            value = value.mean(dim=(2, 3)).reshape(-1, step.n_pictures * step.channels)
        else:
            assert isinstance(step, Dense)
            if training and dropout:
                kept = torch.rand(value.shape, generator=randomness) >= dropout
                value = value * kept / (1.0 - dropout)
            value = functional.linear(value, weights[f"{at}.weight"], weights[f"{at}.bias"])
        values.append(value)
    return values[-1]


def activate(kind: Nonlinearity, value: Any) -> Any:
    """Return a nonlinearity of a tensor."""
    from torch.nn import functional

    return getattr(functional, kind)(value)


def _normalised(
    step: Normalisation, at: int, weights: Tensors, value: Any, momentum: float | None
) -> Any:
    """Return a value normalised; by the batch itself, which is tracked, if there is a momentum."""
    from torch.nn import functional

    scale, shift = weights[f"{at}.scale"], weights[f"{at}.shift"]
    if step.kind == "group":
        return functional.group_norm(value, step.channels // GROUP_CHANNELS, scale, shift, EPSILON)
    return functional.batch_norm(
        value,
        weights[f"{at}.mean"],
        weights[f"{at}.variance"],
        scale,
        shift,
        training=momentum is not None,
        momentum=momentum or 0.0,
        eps=EPSILON,
    )

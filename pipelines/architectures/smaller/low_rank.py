"""Convolutions and dense layers as products of thinner ones.

A k x k convolution becomes three: 1 x 1 to few channels, k x k between few, 1 x 1 back, by a Tucker
decomposition of its two channel modes (Y.-D. Kim and others, *Compression of deep convolutional
neural networks for fast and low power mobile applications*, ICLR 2016); a 1 x 1 convolution and a
dense layer become two, by singular values. What they answer changes, so a few epochs of training
follow (`espalier.pipelines.learners.neural.convnet`).
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.layers import (
    COLOURS,
    Convolution,
    Dense,
    Network,
    Step,
    Sum,
)
from espalier.pipelines.architectures.weights import Array, Weights

_LEAST_RANK = 4
# A layer with less than this share of all weights stays whole: there is little to gain.
_WORTH = 0.02


def thinner(network: Network, weights: Weights, share: float) -> tuple[Network, dict[str, Array]]:
    """Return a network whose large layers have a share of their rank, and its weights.

    Parameters
    ----------
    network, weights
        A trained network.
    share : float
        Share of the rank that is left, in (0, 1]. A layer whose factors would have more numbers
        than itself stays as it is, and so do depthwise convolutions and the one that reads
        colours.
    """
    total = sum(
        weights[f"{at}.weight"].size
        for at, step in enumerate(network.steps)
        if isinstance(step, Convolution | Dense)
    )
    made = _Made()
    for at, step in enumerate(network.steps):
        own = {
            name.partition(".")[2]: values
            for name, values in weights.items()
            if name.partition(".")[0] == str(at)
        }
        parts: list[tuple[Step, dict[str, Array]]] = [(step, own)]
        if isinstance(step, Convolution | Dense) and own["weight"].size >= _WORTH * total:
            parts = _factored(step, own, share) or parts
        made.add(step, parts)
    return Network(tuple(made.steps), network.side, network.n_pictures), made.weights


@dataclass(slots=True)
class _Made:
    """Steps and weights as they are made; ``value`` says which new value is which old one."""

    steps: list[Step] = field(default_factory=list)
    weights: dict[str, Array] = field(default_factory=dict)
    value: list[int] = field(default_factory=lambda: [0])

    def add(self, old: Step, parts: list[tuple[Step, dict[str, Array]]]) -> None:
        """Add the steps that stand for an old one, each reading the one before."""
        source = self.value[old.source]
        for step, own in parts:
            moved = replace(step, source=source)
            if isinstance(moved, Sum):
                moved = replace(moved, other=self.value[moved.other])
            self.weights |= {f"{len(self.steps)}.{name}": each for name, each in own.items()}
            self.steps.append(moved)
            source = len(self.steps)
        self.value.append(source)


def _factored(
    step: Convolution | Dense, own: dict[str, Array], share: float
) -> list[tuple[Step, dict[str, Array]]]:
    """Return the thinner steps of one; none if they would not be smaller."""
    if isinstance(step, Dense):
        return _of_dense(step, own, share)
    if step.groups > 1 or step.inputs == COLOURS:
        return []
    return _of_convolution(step, own["weight"], share)


def _of_dense(
    step: Dense, own: dict[str, Array], share: float
) -> list[tuple[Step, dict[str, Array]]]:
    rank = _rank(min(step.inputs, step.outputs), share)
    if rank * (step.inputs + step.outputs) >= own["weight"].size:
        return []
    left, right = _two(own["weight"], rank)
    silent = np.zeros(rank, dtype=np.float32)
    return [
        (Dense(0, step.inputs, rank), {"weight": right, "bias": silent}),
        (Dense(0, rank, step.outputs), {"weight": left, "bias": own["bias"]}),
    ]


def _of_convolution(
    step: Convolution, weight: Array, share: float
) -> list[tuple[Step, dict[str, Array]]]:
    before, after = _rank(step.inputs, share), _rank(step.outputs, share)
    if step.kernel == 1:
        rank = min(before, after)
        if rank * (step.inputs + step.outputs) >= weight.size:
            return []
        left, right = _two(weight[:, :, 0, 0], rank)
        return [
            (
                Convolution(0, step.inputs, rank, 1, step.stride),
                {"weight": right[:, :, None, None]},
            ),
            (Convolution(0, rank, step.outputs, 1), {"weight": left[:, :, None, None]}),
        ]
    size = before * step.inputs + before * after * step.kernel**2 + after * step.outputs
    if size >= weight.size:
        return []
    exact = weight.astype(np.float64)
    of_outputs = _directions(exact.reshape(step.outputs, -1), after)
    of_inputs = _directions(exact.transpose(1, 0, 2, 3).reshape(step.inputs, -1), before)
    core = np.einsum("oikl,oa,ib->abkl", exact, of_outputs, of_inputs)
    first = of_inputs.T[:, :, None, None]
    last = of_outputs[:, :, None, None]
    return [
        (Convolution(0, step.inputs, before, 1), {"weight": _single(first)}),
        (
            Convolution(0, before, after, step.kernel, step.stride),
            {"weight": _single(core)},
        ),
        (Convolution(0, after, step.outputs, 1), {"weight": _single(last)}),
    ]


def _rank(width: int, share: float) -> int:
    return min(width, max(_LEAST_RANK, round(share * width)))


def _directions(unfolded: NDArray[np.float64], rank: int) -> NDArray[np.float64]:
    """Return the leading left singular vectors, shape (n, rank)."""
    return np.linalg.svd(unfolded, full_matrices=False)[0][:, :rank]


def _two(matrix: Array, rank: int) -> tuple[Array, Array]:
    """Return factors of the best approximation of a rank: (n, rank) and (rank, m)."""
    left, values, right = np.linalg.svd(matrix.astype(np.float64), full_matrices=False)
    roots = np.sqrt(values[:rank])
    return _single(left[:, :rank] * roots), _single(roots[:, None] * right[:rank])


def _single(values: NDArray[np.float64]) -> Array:
    return np.ascontiguousarray(values, dtype=np.float32)

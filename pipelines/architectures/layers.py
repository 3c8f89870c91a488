"""A network as a list of steps, from which everything else is derived.

The same list is trained by PyTorch, counted before any training, and written as ONNX, so the three
cannot disagree. Value 0 is the picture; step number i (from 0) makes value i + 1.
"""

from dataclasses import dataclass
from typing import Literal

Norm = Literal["batch", "group"]
Nonlinearity = Literal["relu", "hardswish", "silu"]

COLOURS = 3
"""Channels of a picture."""
GROUP_CHANNELS = 8
"""Channels of a group of group normalisation."""


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution without bias, padded so that only its stride makes the map smaller.

    Attributes
    ----------
    source : int
        The value it reads, shape (n, inputs, side, side).
    inputs, outputs : int
        Channels.
    kernel : int
        Side of its window, odd.
    stride : int
        Step of the window.
    groups : int
        Groups of channels that know nothing of each other; ``inputs`` of them are a depthwise
        convolution.
    """

    source: int
    inputs: int
    outputs: int
    kernel: int = 3
    stride: int = 1
    groups: int = 1


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Batch or group normalisation (Ioffe and Szegedy 2015; Wu and He 2018).

    Attributes
    ----------
    source : int
        The value it reads.
    channels : int
        Channels.
    kind : "batch" or "group"
        What is normalised over.
    starts_at_zero : bool
        Whether its scale starts at 0, so that a residual block starts as the identity.
    """

    source: int
    channels: int
    kind: Norm = "batch"
    starts_at_zero: bool = False


@dataclass(frozen=True, slots=True)
class Activation:
    """A nonlinearity."""

    source: int
    kind: Nonlinearity = "relu"


@dataclass(frozen=True, slots=True)
class Gate:
    """Squeeze-and-excitation (Hu, Shen and Sun 2018): each channel times a share of 0 to 1.

    Attributes
    ----------
    source : int
        The value it reads.
    channels, inner : int
        Channels, and units between the two dense layers that find the shares.
    """

    source: int
    channels: int
    inner: int


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of two values of one shape."""

    source: int
    other: int


@dataclass(frozen=True, slots=True)
class MeanPool:
    """The mean over all places of a map, and the pictures of a row side by side.

    Attributes
    ----------
    source : int
        The map, shape (n_rows * n_pictures, channels, side, side).
    channels, n_pictures : int
        The result has shape (n_rows, n_pictures * channels).
    """

    source: int
    channels: int
    n_pictures: int = 1


@dataclass(frozen=True, slots=True)
class Dense:
    """A dense layer with bias.

    Attributes
    ----------
    source : int
        The value it reads, shape (n_rows, inputs).
    inputs, outputs : int
        Units.
    """

    source: int
    inputs: int
    outputs: int


Step = Convolution | Normalisation | Activation | Gate | Sum | MeanPool | Dense


@dataclass(frozen=True, slots=True)
class Network:
    """A network of pictures.

    Attributes
    ----------
    steps : tuple of Step
        In an order in which each reads values that are there; the last one is the answer.
    side : int
        Pictures are so many pixels wide and high.
    n_pictures : int
        Pictures of a row; all pass through the same layers.
    """

    steps: tuple[Step, ...]
    side: int
    n_pictures: int = 1

    @property
    def n_outputs(self) -> int:
        """Numbers that it answers with."""
        last = self.steps[-1]
        assert isinstance(last, Dense)  # every design ends so
        return last.outputs

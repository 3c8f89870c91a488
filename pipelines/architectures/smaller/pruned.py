"""Convolutions with fewer channels: those that the layers after them hear least of are left out.

How loud a channel is follows from the scale of its normalisation (Z. Liu and others, *Learning
efficient convolutional networks through network slimming*, ICCV 2017) and from the absolute weights
of its filter and of what reads it (H. Li and others, *Pruning filters for efficient ConvNets*,
ICLR 2017). The network that is left is an ordinary one, only narrower. Its answers change, so a few
epochs of training follow (`espalier.pipelines.learners.neural.convnet`).

Channels that a sum reads stay: they would have to be left out of all that is added up.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.layers import (
    GROUP_CHANNELS,
    Activation,
    Convolution,
    Dense,
    Gate,
    MeanPool,
    Network,
    Normalisation,
    Step,
    Sum,
)
from espalier.pipelines.architectures.weights import Array, Weights


def narrower(network: Network, weights: Weights, share: float) -> tuple[Network, dict[str, Array]]:
    """Return a network whose convolutions have a share of their channels, and its weights.

    Parameters
    ----------
    network, weights
        A trained network.
    share : float
        Share of the channels that is left, in (0, 1], in whole groups of `GROUP_CHANNELS`, at least
        one. Channels that sums read all stay.

    Returns
    -------
    Network, dict of str to array
        The very network where there is nothing to leave out.
    """
    kept = {
        place: _loudest(channels.loudness(weights), share)
        for place, channels in _free_channels(network).items()
    }
    if all(len(each) == len(weights[f"{place}.weight"]) for place, each in kept.items()):
        return network, dict(weights)
    return _rebuilt(network, weights, kept)


@dataclass(slots=True)
class _Channels:
    """The channels that one convolution makes, and all steps that they pass.

    Attributes
    ----------
    made_by : int
        Number of the convolution's step.
    scaled_by, filtered_by : list of int
        Normalisations, and depthwise convolutions, that they pass.
    read_by : list of (int, int)
        Steps that mix them with others, and how many times over they read them (pictures of a row).
    is_free : bool
        Whether some may be left out.
    """

    made_by: int
    scaled_by: list[int] = field(default_factory=list)
    filtered_by: list[int] = field(default_factory=list)
    read_by: list[tuple[int, int]] = field(default_factory=list)
    is_free: bool = True

    def loudness(self, weights: Weights) -> NDArray[np.float64]:
        """Return about how much of each channel the layers after it hear, shape (channels,)."""
        own = np.abs(weights[f"{self.made_by}.weight"].astype(np.float64))
        found = own.reshape(len(own), -1).sum(axis=1)
        if self.scaled_by:  # what comes before a normalisation has any size
            found = np.ones(len(own))
        for at in self.scaled_by:
            found = found * np.abs(weights[f"{at}.scale"])
        for at in self.filtered_by:
            found = found * np.abs(weights[f"{at}.weight"]).reshape(len(own), -1).sum(axis=1)
        heard = np.zeros(len(own))
        for at, times in self.read_by:
            matrix = np.abs(weights[f"{at}.weight"].astype(np.float64))
            by_input = matrix.reshape(len(matrix), times, len(own), -1)
            heard += by_input.sum(axis=(0, 1, 3))
        return found * heard


def _free_channels(network: Network) -> dict[int, _Channels]:
    """Return the channels of which some may be left out, by the number of their convolution."""
    found: dict[int, _Channels] = {}
    # By value: which channels it has, and how many times over; None for colours and dense units.
    of: list[tuple[_Channels, int] | None] = [None]
    for at, step in enumerate(network.steps):
        source = of[step.source]
        if isinstance(step, Sum):
            for each in (source, of[step.other]):
                if each is not None:
                    each[0].is_free = False
            of.append(source)
        elif isinstance(step, Convolution) and step.groups == 1:
            _read(source, at)
            found[at] = _Channels(at)
            of.append((found[at], 1))
        elif isinstance(step, Dense):
            _read(source, at)
            of.append(None)
        elif isinstance(step, MeanPool):
            of.append(None if source is None else (source[0], step.n_pictures))
        else:
            assert isinstance(step, Convolution | Normalisation | Activation | Gate)
            if source is not None and isinstance(step, Normalisation):
                source[0].scaled_by.append(at)
            if source is not None and isinstance(step, Convolution):
                source[0].filtered_by.append(at)
            of.append(source)
    return {at: each for at, each in found.items() if each.is_free}


def _read(source: tuple[_Channels, int] | None, at: int) -> None:
    if source is not None:
        source[0].read_by.append((at, source[1]))


def _loudest(loudness: NDArray[np.float64], share: float) -> NDArray[np.intp]:
    """Return the places of the channels that are left, in their order."""
    groups = max(1, round(share * len(loudness) / GROUP_CHANNELS))
    kept = np.argsort(-loudness, kind="stable")[: groups * GROUP_CHANNELS]
    return np.sort(kept)


def _rebuilt(
    network: Network, weights: Weights, kept: dict[int, NDArray[np.intp]]
) -> tuple[Network, dict[str, Array]]:
    """Return the network with these channels of its convolutions."""
    steps: list[Step] = []
    made = dict(weights)
    # By value: the numbers of it that are left; None for all.
    left: list[NDArray[np.intp] | None] = [None]
    for at, step in enumerate(network.steps):
        there = left[step.source]

        def cut(name: str, places: NDArray[np.intp] | None, axis: int, at: int = at) -> None:
            if places is not None:
                made[f"{at}.{name}"] = np.take(made[f"{at}.{name}"], places, axis=axis)

        if isinstance(step, Convolution) and step.groups == 1:
            outputs = kept.get(at)
            cut("weight", outputs, 0)
            cut("weight", there, 1)
            step = replace(
                step, inputs=_size(there, step.inputs), outputs=_size(outputs, step.outputs)
            )
            there = outputs
        elif isinstance(step, Convolution):
            cut("weight", there, 0)
            size = _size(there, step.inputs)
            step = replace(step, inputs=size, outputs=size, groups=size)
        elif isinstance(step, Normalisation):
            for name in ("scale", "shift", "mean", "variance"):
                if f"{at}.{name}" in weights:
                    cut(name, there, 0)
            step = replace(step, channels=_size(there, step.channels))
        elif isinstance(step, Gate):
            cut("down", there, 1)
            cut("up", there, 0)
            cut("up_bias", there, 0)
            step = replace(step, channels=_size(there, step.channels))
        elif isinstance(step, MeanPool):
            if there is not None:
                pictures = np.arange(step.n_pictures)[:, None] * step.channels
                step = replace(step, channels=len(there))
                there = (pictures + there).ravel()
        elif isinstance(step, Dense):
            cut("weight", there, 1)
            step = replace(step, inputs=_size(there, step.inputs))
            there = None
        steps.append(step)
        left.append(there)
    return replace(network, steps=tuple(steps)), made


def _size(places: NDArray[np.intp] | None, whole: int) -> int:
    return whole if places is None else len(places)

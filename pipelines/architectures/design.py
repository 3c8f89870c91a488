"""From a few numbers to the steps of a convolutional network: the macro space of `convnet`."""

from dataclasses import dataclass, replace
from typing import Literal

from espalier.pipelines.architectures.layers import (
    COLOURS,
    GROUP_CHANNELS,
    Activation,
    Convolution,
    Dense,
    Gate,
    MeanPool,
    Network,
    Nonlinearity,
    Norm,
    Normalisation,
    Step,
    Sum,
)

Block = Literal["plain", "residual", "bottleneck", "inverted", "depthwise"]

DEPTH_BASE, WIDTH_BASE, SIDE_BASE = 1.2, 1.1, 1.15
"""What one unit of the compound coordinate multiplies depth, width and side by (EfficientNet)."""
_LEAST_SIDE = 8
# From this side on the first convolution takes every second pixel.
_LARGE_SIDE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A convolutional network in a few numbers.

    Attributes
    ----------
    block : str
        ``plain`` convolutions, ``residual`` blocks (He et al. 2016), ``bottleneck`` ones,
        ``inverted`` residuals (MobileNetV2) or ``depthwise`` separable convolutions.
    stages, depth : int
        Stages, each at half the side of the one before, and blocks in each.
    width : int
        Channels of the first stage.
    growth : float
        Channels of a stage over those of the one before.
    kernel : int
        Side of the convolutions' windows.
    expansion : int
        Inner over outer channels of ``inverted``, outer over inner ones of ``bottleneck``.
    squeeze : bool
        Whether blocks end with a squeeze-and-excitation gate.
    activation, norm : str
        Nonlinearity and normalisation.
    skip : bool
        Whether blocks other than ``plain`` add their input to their output.
    hidden : int
        Units of a hidden layer before the answer; 0 for none.
    side : int
        Side of the pictures.
    compound : float
        EfficientNet's coordinate: 1 makes the network 1.2 times as deep, 1.1 times as wide, and
        the pictures 1.15 times as large (Tan and Le 2019).
    """

    block: Block = "residual"
    stages: int = 3
    depth: int = 1
    width: int = 24
    growth: float = 2.0
    kernel: int = 3
    expansion: int = 3
    squeeze: bool = False
    activation: Nonlinearity = "relu"
    norm: Norm = "batch"
    skip: bool = True
    hidden: int = 0
    side: int = 32
    compound: float = 0.0

    def scaled(self, largest_side: int) -> "Design":
        """Return the design with its compound coordinate applied, and that set to 0.

        Parameters
        ----------
        largest_side : int
            Side of the pictures as they are kept; more detail than that there is none.
        """
        side = round(self.side * SIDE_BASE**self.compound)
        return replace(
            self,
            depth=max(1, round(self.depth * DEPTH_BASE**self.compound)),
            width=max(GROUP_CHANNELS, round(self.width * WIDTH_BASE**self.compound)),
            side=min(largest_side, max(min(_LEAST_SIDE, largest_side), side)),
            compound=0.0,
        )

    def network(self, n_outputs: int, *, largest_side: int, n_pictures: int = 1) -> Network:
        """Return the network of this design.

        Parameters
        ----------
        n_outputs : int
            Classes, or 1 for a number.
        largest_side : int
            Side of the pictures as they are kept.
        n_pictures : int
            Pictures of a row.
        """
        design = self.scaled(largest_side)
        steps = _Steps(design)
        channels = _whole_groups(design.width)
        stem = steps.convolve(0, COLOURS, channels, 3, 2 if design.side >= _LARGE_SIDE else 1)
        at = steps.activate(stem)
        for stage in range(design.stages):
            wanted = _whole_groups(design.width * design.growth**stage)
            for number in range(design.depth):
                stride = 2 if stage and not number else 1
                at = steps.block(at, channels, wanted, stride)
                channels = wanted
        at = steps.add(MeanPool(at, channels, n_pictures))
        units = channels * n_pictures
        if design.hidden:
            at = steps.activate(steps.add(Dense(at, units, design.hidden)))
            units = design.hidden
        steps.add(Dense(at, units, n_outputs))
        return Network(tuple(steps.made), design.side, n_pictures)


class _Steps:
    """Steps as they are put one after the other."""

    def __init__(self, design: Design) -> None:
        self.made: list[Step] = []
        self._design = design

    def add(self, step: Step) -> int:
        """Add a step; return the number of the value that it makes."""
        self.made.append(step)
        return len(self.made)

    def activate(self, source: int) -> int:
        return self.add(Activation(source, self._design.activation))

    def convolve(
        self,
        source: int,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        *,
        depthwise: bool = False,
        last: bool = False,
    ) -> int:
        """Add a convolution and its normalisation; ``last`` of a branch that starts at zero."""
        groups = inputs if depthwise else 1
        at = self.add(Convolution(source, inputs, outputs, kernel, stride, groups))
        return self.add(Normalisation(at, outputs, self._design.norm, last))

    def block(self, source: int, inputs: int, outputs: int, stride: int) -> int:
        """Add a block; return the number of the value that it makes."""
        design = self._design
        kernel, skips = design.kernel, design.skip
        same = inputs == outputs and stride == 1
        if design.block == "plain":
            at = self.activate(self.convolve(source, inputs, outputs, kernel, stride))
            return self._gated(at, outputs)
        if design.block == "depthwise":
            at = self.convolve(source, inputs, inputs, kernel, stride, depthwise=True)
            at = self.convolve(self.activate(at), inputs, outputs, 1)
            at = self._gated(self.activate(at), outputs)
            return self.add(Sum(at, source)) if skips and same else at
        if design.block == "inverted":
            inner = inputs * design.expansion
            at = source
            if design.expansion > 1:
                at = self.activate(self.convolve(at, inputs, inner, 1))
            at = self.activate(self.convolve(at, inner, inner, kernel, stride, depthwise=True))
            at = self.convolve(self._gated(at, inner), inner, outputs, 1, last=skips and same)
            return self.add(Sum(at, source)) if skips and same else at
        if design.block == "bottleneck":
            inner = _whole_groups(outputs / design.expansion)
            at = self.activate(self.convolve(source, inputs, inner, 1))
            at = self.activate(self.convolve(at, inner, inner, kernel, stride))
            at = self.convolve(at, inner, outputs, 1, last=skips)
        else:
            at = self.activate(self.convolve(source, inputs, outputs, kernel, stride))
            at = self.convolve(at, outputs, outputs, kernel, last=skips)
        at = self._gated(at, outputs)
        if skips:
            past = source if same else self.convolve(source, inputs, outputs, 1, stride)
            at = self.add(Sum(at, past))
        return self.activate(at)

    def _gated(self, source: int, channels: int) -> int:
        if not self._design.squeeze:
            return source
        return self.add(Gate(source, channels, max(4, channels // 4)))


def _whole_groups(channels: float) -> int:
    """Return the nearest number of channels that groups divide."""
    return max(1, round(channels / GROUP_CHANNELS)) * GROUP_CHANNELS

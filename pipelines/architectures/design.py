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
BLOCKS: tuple[Block, ...] = ("plain", "residual", "bottleneck", "inverted", "depthwise")
KERNELS = (3, 5)

DEPTH_BASE, WIDTH_BASE, SIDE_BASE = 1.2, 1.1, 1.15
"""What one unit of the compound coordinate multiplies depth, width and side by (EfficientNet)."""
_LEAST_SIDE = 8
# From this side on the first convolution takes every second pixel.
_LARGE_SIDE = 40


@dataclass(frozen=True, slots=True)
class Stage:
    """Blocks of one kind, one after the other, at one side of the picture.

    Attributes
    ----------
    block : str
        Their kind.
    kernel : int
        Side of their convolutions' windows.
    depth : int
        Their number.
    """

    block: Block
    kernel: int
    depth: int


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
    later : tuple of Stage
        The stages after the first, where each has a kind, window and depth of its own; ``stages``
        then counts for nothing. Empty: all are as the first.
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
    later: tuple[Stage, ...] = ()

    @property
    def plan(self) -> tuple[Stage, ...]:
        """All stages, the first one first."""
        first = Stage(self.block, self.kernel, self.depth)
        return (first, *self.later) if self.later else (first,) * self.stages

    def channels(self, stage: int) -> int:
        """Return the channels of a stage, counted from 0."""
        return _whole_groups(self.width * self.growth**stage)

    def scaled(self, largest_side: int) -> "Design":
        """Return the design with its compound coordinate applied, and that set to 0.

        Parameters
        ----------
        largest_side : int
            Side of the pictures as they are kept; more detail than that there is none.
        """
        side = round(self.side * SIDE_BASE**self.compound)
        deeper = DEPTH_BASE**self.compound
        return replace(
            self,
            depth=max(1, round(self.depth * deeper)),
            later=tuple(
                replace(each, depth=max(1, round(each.depth * deeper))) for each in self.later
            ),
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
        at, channels = steps.stem(), design.channels(0)
        for number, stage in enumerate(design.plan):
            wanted = design.channels(number)
            for place in range(stage.depth):
                stride = 2 if number and not place else 1
                at = steps.block(stage, at, channels, wanted, stride)
                channels = wanted
        steps.head(at, channels, n_pictures, n_outputs)
        return Network(tuple(steps.made), design.side, n_pictures)


def stem_of(design: Design) -> tuple[Step, ...]:
    """Return the steps before the first stage."""
    steps = _Steps(design)
    steps.stem()
    return tuple(steps.made)


def block_of(
    design: Design, stage: Stage, inputs: int, outputs: int, stride: int
) -> tuple[Step, ...]:
    """Return the steps of one block of a stage alone, which reads value 0."""
    steps = _Steps(design)
    steps.block(stage, 0, inputs, outputs, stride)
    return tuple(steps.made)


def head_of(design: Design, channels: int, n_pictures: int, n_outputs: int) -> tuple[Step, ...]:
    """Return the steps after the last stage, of so many channels."""
    steps = _Steps(design)
    steps.head(0, channels, n_pictures, n_outputs)
    return tuple(steps.made)


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

    def stem(self) -> int:
        """Add the first convolution; return the number of the value that it makes."""
        design = self._design
        stride = 2 if design.side >= _LARGE_SIDE else 1
        return self.activate(self.convolve(0, COLOURS, design.channels(0), 3, stride))

    def head(self, source: int, channels: int, n_pictures: int, n_outputs: int) -> None:
        """Add the mean over all places and the dense layers."""
        at, units = self.add(MeanPool(source, channels, n_pictures)), channels * n_pictures
        hidden = self._design.hidden
        if hidden:
            at, units = self.activate(self.add(Dense(at, units, hidden))), hidden
        self.add(Dense(at, units, n_outputs))

    def block(self, stage: Stage, source: int, inputs: int, outputs: int, stride: int) -> int:
        """Add a block; return the number of the value that it makes."""
        design = self._design
        kernel, skips = stage.kernel, design.skip
        same = inputs == outputs and stride == 1
        if stage.block == "plain":
            at = self.activate(self.convolve(source, inputs, outputs, kernel, stride))
            return self._gated(at, outputs)
        if stage.block == "depthwise":
            at = self.convolve(source, inputs, inputs, kernel, stride, depthwise=True)
            at = self.convolve(self.activate(at), inputs, outputs, 1)
            at = self._gated(self.activate(at), outputs)
            return self.add(Sum(at, source)) if skips and same else at
        if stage.block == "inverted":
            inner = inputs * design.expansion
            at = source
            if design.expansion > 1:
                at = self.activate(self.convolve(at, inputs, inner, 1))
            at = self.activate(self.convolve(at, inner, inner, kernel, stride, depthwise=True))
            at = self.convolve(self._gated(at, inner), inner, outputs, 1, last=skips and same)
            return self.add(Sum(at, source)) if skips and same else at
        if stage.block == "bottleneck":
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

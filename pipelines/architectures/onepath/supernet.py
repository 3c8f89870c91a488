"""One network that holds many: each stage has every kind of block, and one path leads through.

The paths share the first convolution, the last layer, and the blocks that they have in common.
Training moves the weights of one path a step (X. Dong and Y. Yang, *Searching for a robust neural
architecture in four GPU hours*, CVPR 2019), so memory and time are those of one network.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from espalier.pipelines.architectures.design import (
    BLOCKS,
    KERNELS,
    Design,
    Stage,
    block_of,
    head_of,
    stem_of,
)
from espalier.pipelines.architectures.forward import MOMENTUM, Tensors, forward
from espalier.pipelines.architectures.layers import Network, Step
from espalier.pipelines.architectures.weights import initial_weights, is_fitted

KINDS = tuple(Stage(block, kernel, 1) for block in BLOCKS for kernel in KERNELS)
"""What the blocks of a stage may be."""

Path = tuple[Stage, ...]
"""The stages of one of the networks, the first one first."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two kinds and two depths of a stage, and how much each counts.

    Attributes
    ----------
    kinds : tuple of (int, Tensor)
        Numbers of kinds (`KINDS`) and their shares, which sum to 1 and have gradients.
    depths : tuple of (int, Tensor)
        Numbers of blocks, and their shares.
    """

    kinds: tuple[tuple[int, Any], ...]
    depths: tuple[tuple[int, Any], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Some steps that read value 0, and their weights."""

    network: Network
    weights: Tensors

    @classmethod
    def new(cls, steps: tuple[Step, ...], side: int, rng: np.random.Generator) -> "_Part":
        import torch

        network = Network(steps, side)
        weights: dict[str, Any] = {}
        for name, values in initial_weights(network, rng).items():
            tensor = torch.from_numpy(values)
            if tensor.dim() == 4:
                tensor = tensor.contiguous(memory_format=torch.channels_last)
            weights[name] = tensor.requires_grad_(is_fitted(name))
        return cls(network, weights)

    def run(self, value: Any, momentum: float) -> Any:
        return forward(self.network, self.weights, value, training=True, momentum=momentum)


class Supernet:
    """All networks of so many stages whose kinds of blocks and depths differ.

    Means and variances of batches are always those of the batch at hand: tracked ones would be a
    blend of all paths.

    Parameters
    ----------
    design : Design
        Width, growth, activation and all else that the networks have in common.
    n_outputs : int
        Classes, or 1 for a number.
    n_stages, most_depth : int
        Stages, and blocks in each at most.
    largest_side : int
        Side of the pictures as they are kept.
    n_pictures : int
        Pictures of a row.
    rng : Generator
        Draws the weights.
    """

    def __init__(
        self,
        design: Design,
        n_outputs: int,
        *,
        n_stages: int,
        most_depth: int,
        largest_side: int,
        n_pictures: int,
        rng: np.random.Generator,
    ) -> None:
        design = replace(design, later=(), skip=True).scaled(largest_side)
        self.side, self.n_stages, self.most_depth = design.side, n_stages, most_depth
        self._stem = _Part.new(stem_of(design), design.side, rng)
        self._blocks: Mapping[tuple[int, int, int], _Part] = {
            (stage, place, kind): _Part.new(
                block_of(
                    design,
                    KINDS[kind],
                    design.channels(max(0, stage - 1) if not place else stage),
                    design.channels(stage),
                    2 if stage and not place else 1,
                ),
                design.side,
                rng,
            )
            for stage in range(n_stages)
            for place in range(most_depth)
            for kind in range(len(KINDS))
        }
        head = head_of(design, design.channels(n_stages - 1), n_pictures, n_outputs)
        self._head = _Part.new(head, design.side, rng)

    @property
    def fitted(self) -> Iterator[Any]:
        """The tensors that gradients change."""
        for part in (self._stem, *self._blocks.values(), self._head):
            yield from (each for each in part.weights.values() if each.requires_grad)

    def answers(
        self,
        pictures: Any,
        stages: Sequence[Mixture],
        *,
        auxiliary: float = 0.0,
        training: bool = True,
    ) -> Any:
        """Return the answers before any softmax, shape (n_rows, n_outputs).

        Parameters
        ----------
        pictures : Tensor of float32, shape (n_rows * n_pictures, 3, side, side)
            Standardised colours.
        stages : sequence of Mixture
            One a stage. A single kind and depth each is one path; two of each run both kinds.
        auxiliary : float
            How much of a block's input is added to its output beside what the block does: paths of
            few blocks are otherwise preferred early, when deep ones learn slowly (X. Chu and
            others, *DARTS-: robustly stepping out of performance collapse without indicators*,
            ICLR 2021).
        training : bool
            Whether this is for a step of the weights.
        """
        momentum = MOMENTUM if training else 0.0
        value = self._stem.run(pictures, momentum)
        for number, mixture in enumerate(stages):
            value = _sum(
                (share, self._stage(number, kind, mixture.depths, value, auxiliary, momentum))
                for kind, share in mixture.kinds
            )
        return self._head.run(value, momentum)

    def _stage(
        self,
        stage: int,
        kind: int,
        depths: Sequence[tuple[int, Any]],
        value: Any,
        auxiliary: float,
        momentum: float,
    ) -> Any:
        """Return a stage of one kind, its depths blended."""
        shares = dict(depths)
        ends: list[tuple[Any, Any]] = []
        for place in range(max(shares)):
            past = value
            value = self._blocks[stage, place, kind].run(value, momentum)
            if place and auxiliary:
                value = value + auxiliary * past
            if place + 1 in shares:
                ends.append((shares[place + 1], value))
        return _sum(ends)


def alone(kind: int, depth: int) -> Mixture:
    """Return the mixture of one kind and one depth: a stage of a single path."""
    return Mixture(((kind, 1.0),), ((depth, 1.0),))


def as_path(stages: Sequence[tuple[int, int]]) -> Path:
    """Return the stages of numbers of kinds and depths."""
    return tuple(replace(KINDS[kind], depth=depth) for kind, depth in stages)


def _sum(parts: Any) -> Any:
    """Return a weighted sum; of a single part, the part."""
    made: Any = None
    given = list(parts)
    if len(given) == 1:
        return given[0][1]
    for share, value in given:
        made = share * value if made is None else made + share * value
    return made

"""What a search through a supernet prefers: a chance for each kind and depth of each stage."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from espalier.pipelines.architectures.onepath.supernet import KINDS, Mixture, alone

Numbers = tuple[int, int]
"""Number of a kind of block (`supernet.KINDS`), and of blocks."""


class Preferences:
    """Logits of the kinds and depths of each stage, which gradients move.

    Parameters
    ----------
    n_stages, most_depth : int
        Stages, and blocks in each at most.
    """

    def __init__(self, n_stages: int, most_depth: int) -> None:
        import torch

        self.kinds = torch.zeros(n_stages, len(KINDS), requires_grad=True)
        self.depths = torch.zeros(n_stages, most_depth, requires_grad=True)

    @property
    def fitted(self) -> list[Any]:
        """The tensors that gradients change."""
        return [self.kinds, self.depths]

    def copied(self) -> list[NDArray[np.float32]]:
        """Return the numbers as they are now."""
        return [each.detach().numpy().copy() for each in self.fitted]

    def restore(self, numbers: Sequence[NDArray[np.float32]]) -> None:
        """Go back to numbers that `copied` returned."""
        import torch

        with torch.no_grad():
            for mine, given in zip(self.fitted, numbers, strict=True):
                mine.copy_(torch.from_numpy(given))

    def draw(self, rng: np.random.Generator, *, even: bool = False) -> list[Numbers]:
        """Return a path by chance, by the preferences or ``even`` for all."""
        kinds, depths = self._chances()
        if even:
            kinds, depths = np.ones_like(kinds), np.ones_like(depths)
        return [(_drawn(a, rng), 1 + _drawn(b, rng)) for a, b in zip(kinds, depths, strict=True)]

    def two(self, rng: np.random.Generator) -> list[Mixture]:
        """Return two kinds and depths of each stage by chance, their shares with gradients.

        As H. Cai, L. Zhu and S. Han (*ProxylessNAS*, ICLR 2019) do: what two options of a stage
        are worth against each other needs only these two. One alone tells nothing here, since a
        normalisation follows that forgets how much a stage counts.
        """
        kinds, depths = self._chances()
        return [
            Mixture(
                _shares(self.kinds[at], _two(kinds[at], rng)),
                tuple(
                    (1 + place, share)
                    for place, share in _shares(self.depths[at], _two(depths[at], rng))
                ),
            )
            for at in range(len(kinds))
        ]

    @property
    def likeliest(self) -> list[Numbers]:
        """The path of the largest chances; of equal depths the deepest."""
        kinds, depths = self._chances()
        most = depths.shape[1]
        return [
            (int(a.argmax()), most - int(b[::-1].argmax()))
            for a, b in zip(kinds, depths, strict=True)
        ]

    @property
    def skipped(self) -> float:
        """Share of the blocks that may be left out which the likeliest path leaves out."""
        most = self.depths.shape[1]
        may = len(self.kinds) * (most - 1)
        return sum(most - depth for _, depth in self.likeliest) / max(may, 1)

    def _chances(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        kinds, depths = (
            each.detach().softmax(dim=1).numpy().astype(np.float64) for each in self.fitted
        )
        return kinds, depths


def one_path(numbers: Sequence[Numbers]) -> list[Mixture]:
    """Return the mixtures of a single path."""
    return [alone(kind, depth) for kind, depth in numbers]


def _drawn(chances: NDArray[np.float64], rng: np.random.Generator) -> int:
    return int(rng.choice(len(chances), p=chances / chances.sum()))


def _two(chances: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    n = min(2, len(chances))
    # A chance of exactly 0 could not be drawn.
    even = chances / chances.sum() * (1 - 1e-3) + 1e-3 / len(chances)
    return np.sort(rng.choice(len(chances), n, replace=False, p=even))


def _shares(logits: Any, which: NDArray[np.int64]) -> tuple[tuple[int, Any], ...]:
    shares = logits[which.tolist()].softmax(dim=0)
    return tuple((int(place), shares[at]) for at, place in enumerate(which))

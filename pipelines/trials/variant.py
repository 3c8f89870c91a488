"""A smaller model made from another trial: what was done to it, and how far."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Compression(StrEnum):
    """How a smaller model is made from a larger one."""

    ROUNDS = "rounds"  # a booster of fewer rounds
    TREES = "trees"  # a forest of fewer trees
    LOW_RANK = "low rank"  # a network whose matrices are products of two thinner ones
    PRUNED = "channels"  # a network on pictures without the channels that matter least
    PRUNED_EIGHT_BITS = "channels, eight bits"  # both, one after the other
    EIGHT_BITS = "eight bits"  # a network on pictures whose numbers have eight bits
    DISTILLED = "distilled"  # a small model that has learnt the answers of the ensemble


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What was done to the model of another trial.

    Attributes
    ----------
    of : int
        Number of that trial; of a distilled model the heaviest member of its teacher.
    method : Compression
        What was done.
    share : float
        Share of the rounds, of the trees, of the full rank, or of the channels that is left, in
        (0, 1]; 1 for a distilled model and one of eight bits.
    iterations : int or None
        Rounds or trees to train exactly; None for a network.
    """

    of: int
    method: Compression
    share: float = 1.0
    iterations: int | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.share <= 1.0:
            raise ValueError(f"the share that is left must be in (0, 1], not {self.share}")

    @property
    def rank_share(self) -> float | None:
        """Share of the rank of a network's matrices that is left; None for other models."""
        return self.share if self.method is Compression.LOW_RANK else None

    @property
    def channel_share(self) -> float | None:
        """Share of the channels of a network on pictures that is left; None for other models."""
        is_pruned = self.method in (Compression.PRUNED, Compression.PRUNED_EIGHT_BITS)
        return self.share if is_pruned else None

    @property
    def in_eight_bits(self) -> bool:
        """Whether the numbers of a network on pictures become integers of eight bits."""
        return self.method in (Compression.EIGHT_BITS, Compression.PRUNED_EIGHT_BITS)

    @property
    def is_distilled(self) -> bool:
        """Whether it learns from another model, so that fitting it takes that one's answers."""
        return self.method is Compression.DISTILLED

    @property
    def label(self) -> str:
        """For people: ``a quarter of the rounds of trial 7``."""
        if self.is_distilled:
            return "distilled from the ensemble"
        if self.method is Compression.EIGHT_BITS:
            return f"trial {self.of} in eight bits"
        what = {
            Compression.ROUNDS: "rounds",
            Compression.TREES: "trees",
            Compression.LOW_RANK: "rank",
            Compression.PRUNED: "channels",
            Compression.PRUNED_EIGHT_BITS: "channels",
        }[self.method]
        bits = " in eight bits" if self.in_eight_bits else ""
        return f"{self.share:.3g} of the {what} of trial {self.of}{bits}"

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> "Variant":
        """Return the variant of a JSON record."""
        return cls(**{**record, "method": Compression(record["method"])})

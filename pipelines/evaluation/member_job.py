"""A configuration that is to be fitted once more, for the ensemble."""

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from espalier.pipelines.trials.configuration import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberJob:
    """A configuration to refit for the ensemble.

    Attributes
    ----------
    trial_number : int
        The trial it comes from.
    configuration : Configuration
        The configuration to fit.
    seed : int
        Seed of everything random.
    iterations : int or None
        Boosting rounds to train exactly; None for models without rounds, or to stop early.
    rows : array or None
        Positions of the rows to fit to; None for all search rows.
    rank_share : float or None
        Share of the rank of a network's matrices that is left after the fit; None for all of it.
    channel_share : float or None
        Share of the channels of a network on pictures that is left after the fit; None for all.
    in_eight_bits : bool
        Whether the numbers of a network on pictures become integers of eight bits after the fit.
    answers : array or None
        What to learn in place of the target, for these rows in their order: probabilities, shape
        (n, K), or values, shape (n,). Rows with NaN are left out. None for the target.
    """

    trial_number: int
    configuration: Configuration
    seed: int
    iterations: int | None = None
    rows: NDArray[Any] | None = field(default=None, repr=False)
    rank_share: float | None = None
    in_eight_bits: bool = False
    channel_share: float | None = None
    answers: NDArray[Any] | None = field(default=None, repr=False)
